import Foundation

/// An IPv4 or IPv6 address, without a zone.
///
/// An IPv4 address stands in memory as IPv6 has it (`::ffff:10.0.0.1`, RFC 4291), so that both take 16
/// bytes; IPv4 sorts before every IPv6 address in use. As text it is always its own kind.
public struct IPAddress: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    public enum Family: String, Codable, Sendable, CaseIterable, CustomStringConvertible {
        case ipv4
        case ipv6

        /// Of an address: 32 or 128.
        public var bits: Int { self == .ipv4 ? 32 : 128 }

        public var description: String { self == .ipv4 ? "IPv4" : "IPv6" }
    }

    private static let mapped = UInt128(0xffff) << 32

    private let bits: UInt128

    private init(bits: UInt128) { self.bits = bits }

    /// - Parameter number: the address as a number; of IPv4 the lower 32 bits count.
    public init(_ family: Family, _ number: UInt128) {
        bits = family == .ipv4 ? Self.mapped | number & 0xffff_ffff : number
    }

    /// Reads what `inet_pton` reads.
    ///
    /// - Throws: `ValidationError` for what is no address, and for an IPv4 address in IPv6's clothes.
    public init(_ text: String) throws(ValidationError) {
        func refused(_ problem: String) -> ValidationError {
            ValidationError(subject: "address", found: text, problem: problem)
        }
        guard let address = Self.parse(text) else {
            throw refused(
                text.contains("/")
                    ? "it is a prefix, leave out what follows the address"
                    : text.contains("%")
                        ? "leave out the zone behind %"
                        : "write it like 10.0.0.1 or 2001:db8::1")
        }
        guard !text.contains(":") || address.family == .ipv6 else {
            throw refused("write it as the IPv4 address \(address)")
        }
        self = address
    }

    private static func parse(_ text: String) -> IPAddress? {
        // C's text ends at a zero.
        guard text.utf8.count <= 64, !text.utf8.contains(0) else { return nil }
        var (v4, v6) = (in_addr(), in6_addr())
        if inet_pton(AF_INET, text, &v4) == 1 {
            return IPAddress(.ipv4, UInt128(UInt32(bigEndian: v4.s_addr)))
        }
        guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
        return withUnsafeBytes(of: v6) { octets in
            IPAddress(bits: octets.reduce(0) { $0 << 8 | UInt128($1) })
        }
    }

    public var family: Family { bits >> 32 == 0xffff ? .ipv4 : .ipv6 }

    /// The address as a number; below 2^32 for IPv4.
    public var number: UInt128 { family == .ipv4 ? bits & 0xffff_ffff : bits }

    /// The octets in the order in which they stand in a packet: 4 or 16.
    public var octets: [UInt8] {
        stride(from: family.bits - 8, through: 0, by: -8).map {
            UInt8(truncatingIfNeeded: number >> UInt128($0))
        }
    }

    /// The address so many further on; nil beyond its family's last.
    public func advanced(by count: UInt128) -> IPAddress? {
        let (sum, overflows) = number.addingReportingOverflow(count)
        guard !overflows, family == .ipv6 || sum <= 0xffff_ffff else { return nil }
        let next = IPAddress(family, sum)
        return next.family == family ? next : nil
    }

    /// 224.0.0.0/4 and ff00::/8.
    public var isMulticast: Bool {
        family == .ipv4 ? number >> 28 == 0xe : number >> 120 == 0xff
    }

    /// 169.254.0.0/16 and fe80::/10.
    public var isLinkLocal: Bool {
        family == .ipv4 ? number >> 16 == 0xa9fe : number >> 118 == 0xfe80 >> 6
    }

    /// Whether one host on a link can have it: no multicast, nothing unspecified, no loopback.
    public var isHost: Bool {
        switch family {
        case .ipv4: number >> 24 != 0 && number >> 24 != 127 && number >> 28 < 0xe
        case .ipv6: number > 1 && !isMulticast
        }
    }

    /// As `inet_ntop` writes it: one text for each address.
    public var description: String {
        if family == .ipv4 { return octets.map { "\($0)" }.joined(separator: ".") }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(AF_INET6, octets, &text, socklen_t(text.count)) != nil else {
            preconditionFailure("the buffer holds every IPv6 address")
        }
        return String(
            decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    public static func < (left: Self, right: Self) -> Bool { left.bits < right.bits }

    public init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
