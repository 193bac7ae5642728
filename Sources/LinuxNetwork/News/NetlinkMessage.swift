/// One message of the kernel's, as netlink(7) frames it.
struct NetlinkMessage: Sendable, Equatable {
    /// Such as `RTM_NEWLINK`.
    var kind: UInt16
    /// Such as `NLM_F_REPLACE`.
    var flags: UInt16
    /// What stands behind the header: the protocol's own header, then attributes.
    var body: [UInt8]

    /// `struct nlmsghdr`, of which the length and these two count here.
    private static let headerBytes = 16
    /// `struct nlattr`: a length and a kind.
    private static let attributeBytes = 4
    /// Of an attribute's kind, without `NLA_F_NESTED` and `NLA_F_NET_BYTEORDER`.
    private static let kindBits: UInt16 = 0x3fff

    init(kind: UInt16, flags: UInt16 = 0, body: [UInt8]) {
        self.kind = kind
        self.flags = flags
        self.body = body
    }

    /// Those that one read of a socket gave; what is torn ends the list.
    static func all(in bytes: some Sequence<UInt8>) -> [NetlinkMessage] {
        let bytes = Array(bytes)
        var found: [NetlinkMessage] = []
        var start = 0
        while let length = bytes.number(at: start, as: UInt32.self).map(Int.init),
            length >= headerBytes, start + length <= bytes.count,
            let kind = bytes.number(at: start + 4, as: UInt16.self),
            let flags = bytes.number(at: start + 6, as: UInt16.self)
        {
            found.append(
                NetlinkMessage(
                    kind: kind, flags: flags,
                    body: Array(bytes[start + headerBytes..<start + length])))
            start += aligned(length)
        }
        return found
    }

    /// The first attribute of a kind.
    ///
    /// - Parameter header: how long the protocol's own header is, in bytes.
    func attribute(_ kind: Int, behind header: Int) -> [UInt8]? {
        var start = Self.aligned(header)
        while let length = body.number(at: start, as: UInt16.self).map(Int.init),
            let found = body.number(at: start + 2, as: UInt16.self),
            length >= Self.attributeBytes, start + length <= body.count
        {
            if Int(found & Self.kindBits) == kind {
                return Array(body[start + Self.attributeBytes..<start + length])
            }
            start += Self.aligned(length)
        }
        return nil
    }

    /// An attribute that is text and ends in a zero.
    func text(_ kind: Int, behind header: Int) -> String? {
        attribute(kind, behind: header).map {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// Messages and attributes begin at multiples of four bytes.
    private static func aligned(_ length: Int) -> Int { (length + 3) & ~3 }
}

extension [UInt8] {
    /// A number of the machine's own byte order; nil where the bytes end before it does.
    func number<Number: FixedWidthInteger & BitwiseCopyable>(
        at offset: Int, as type: Number.Type
    ) -> Number? {
        guard offset >= 0, offset + MemoryLayout<Number>.size <= count else { return nil }
        return withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Number.self) }
    }
}
