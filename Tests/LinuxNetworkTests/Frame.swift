import MetaStackModel

/// Ethernet frames, as a hostile guest builds them.
struct Frame: Sendable {
    var octets: [UInt8]

    var hexadecimal: String {
        octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    static let everybody = mac("ff:ff:ff:ff:ff:ff")

    static func mac(_ text: String) -> [UInt8] {
        text.split(separator: ":").compactMap { UInt8($0, radix: 16) }
    }

    /// - Parameter type: the EtherType, such as 0x0800.
    init(from: [UInt8], to: [UInt8], type: UInt16, _ payload: [UInt8]) {
        octets = to + from + Self.word(type) + payload
    }

    private static func word(_ value: UInt16) -> [UInt8] {
        [UInt8(value >> 8), UInt8(truncatingIfNeeded: value)]
    }

    /// The Internet checksum (RFC 1071).
    private static func checksum(_ octets: [UInt8]) -> [UInt8] {
        var sum = 0
        for (index, octet) in octets.enumerated() {
            sum += Int(octet) << (index % 2 == 0 ? 8 : 0)
        }
        while sum > 0xffff { sum = (sum >> 16) + (sum & 0xffff) }
        return word(UInt16(truncatingIfNeeded: ~sum))
    }

    // MARK: ARP

    /// - Parameter operation: 1 asks, 2 answers.
    static func arp(
        from: [UInt8], sender: [UInt8], senderIP: IPAddress, targetIP: IPAddress,
        operation: UInt16 = 1, hardware: UInt16 = 1
    ) -> Frame {
        let body =
            word(hardware) + word(0x0800) + [6, 4] + word(operation) + sender + senderIP.octets
            + [0, 0, 0, 0, 0, 0] + targetIP.octets
        return Frame(from: from, to: everybody, type: 0x0806, body)
    }

    // MARK: IP

    static func ipv4(
        from: [UInt8], to: [UInt8], source: IPAddress, target: IPAddress, protocol: UInt8,
        _ payload: [UInt8]
    ) -> Frame {
        var header: [UInt8] =
            [0x45, 0] + word(UInt16(20 + payload.count)) + [0, 1, 0, 0, 64, `protocol`, 0, 0]
            + source.octets + target.octets
        header.replaceSubrange(10..<12, with: checksum(header))
        return Frame(from: from, to: to, type: 0x0800, header + payload)
    }

    static func ipv6(
        from: [UInt8], to: [UInt8], source: IPAddress, target: IPAddress, next: UInt8,
        _ payload: [UInt8]
    ) -> Frame {
        let header: [UInt8] =
            [0x60, 0, 0, 0] + word(UInt16(payload.count)) + [next, 255] + source.octets
            + target.octets
        return Frame(from: from, to: to, type: 0x86dd, header + payload)
    }

    private static func pseudoHeader(
        _ source: IPAddress, _ target: IPAddress, _ next: UInt8, _ count: Int
    ) -> [UInt8] {
        let rest =
            source.family == .ipv4
            ? [0, next] + word(UInt16(count)) : [0, 0] + word(UInt16(count)) + [0, 0, 0, next]
        return source.octets + target.octets + rest
    }

    static func udp(
        _ source: IPAddress, _ target: IPAddress, from: UInt16, to: UInt16, _ text: String = "evil"
    ) -> [UInt8] {
        let data = [UInt8](text.utf8)
        var header = word(from) + word(to) + word(UInt16(8 + data.count)) + [0, 0]
        let sum = checksum(
            pseudoHeader(source, target, 17, 8 + data.count) + header + data)
        header.replaceSubrange(6..<8, with: sum)
        return header + data
    }

    static func icmpv6(
        _ source: IPAddress, _ target: IPAddress, type: UInt8, _ body: [UInt8]
    ) -> [UInt8] {
        let message = [type, 0, 0, 0] + body
        let sum = checksum(pseudoHeader(source, target, 58, message.count) + message)
        return [type, 0] + sum + body
    }

    /// Fragments of an IPv6 packet (RFC 8200, 4.5), the first of so many octets.
    static func fragments(
        from: [UInt8], to: [UInt8], source: IPAddress, target: IPAddress, next: UInt8,
        _ payload: [UInt8], first: Int
    ) -> [Frame] {
        let pieces = [Array(payload[..<first]), Array(payload[first...])]
        return pieces.enumerated().map { index, piece in
            let place = UInt16(index * first) | (index == 0 ? 1 : 0)
            let header: [UInt8] = [next, 0] + word(place) + [0, 0, 0, 77]
            return ipv6(
                from: from, to: to, source: source, target: target, next: 44, header + piece)
        }
    }
}
