import Glibc

/// A Ceph client's address as watchers, lock owners and evictions name it: `10.0.0.2:0/1234567`
/// or `[fd00::1]:0/77`.
///
/// The number behind the slash is the client's nonce: a process that connects again has another
/// one, so an eviction hits one connection of one process and never its successor. In JSON it is
/// that string.
public struct ClientAddress: Hashable, Sendable, CustomStringConvertible {
    /// The IP address, without brackets.
    public let host: String
    /// The port; clients listen on none, so 0.
    public let port: UInt16
    /// Tells one connection of a host from another.
    public let nonce: UInt32

    /// Reads Ceph's notation; a leading `v1:`, `v2:` or `any:` is accepted and dropped.
    ///
    /// - Throws: `CephError` with code `invalid` where the text is no such address.
    public init(_ text: String) throws(CephError) {
        guard let parsed = Self.parse(text) else {
            throw CephError(
                .invalid, "read client address", "'\(text.prefix(80))'",
                "it is not of the form 10.0.0.2:0/1234567 or [fd00::1]:0/77")
        }
        self = parsed
    }

    private init(host: String, port: UInt16, nonce: UInt32) {
        self.host = host
        self.port = port
        self.nonce = nonce
    }

    /// Ceph's own notation, as evictions take it.
    public var description: String {
        host.contains(":") ? "[\(host)]:\(port)/\(nonce)" : "\(host):\(port)/\(nonce)"
    }

    private static func parse(_ text: String) -> ClientAddress? {
        var rest = text[...]
        for prefix in ["v1:", "v2:", "any:"] where rest.hasPrefix(prefix) {
            rest = rest.dropFirst(prefix.count)
        }
        guard let slash = rest.lastIndex(of: "/"),
            let nonce = decimal(rest[rest.index(after: slash)...], as: UInt32.self),
            let endpoint = Endpoint(rest[..<slash])
        else { return nil }
        return ClientAddress(host: endpoint.host, port: endpoint.port, nonce: nonce)
    }
}

extension ClientAddress: Codable {
    /// From the string.
    public init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    /// As the string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// An IP address with a port: `10.0.0.2:6789` or `[fd00::1]:3300`.
struct Endpoint: Equatable {
    let host: String
    let port: UInt16

    init?(_ text: Substring) {
        guard let colon = text.lastIndex(of: ":"),
            let port = decimal(text[text.index(after: colon)...], as: UInt16.self)
        else { return nil }
        let written = text[..<colon]
        let bracketed = written.hasPrefix("[") && written.hasSuffix("]")
        let host = String(bracketed ? written.dropFirst().dropLast() : written)
        guard Self.isAddress(host, family: bracketed ? AF_INET6 : AF_INET) else { return nil }
        self.host = host
        self.port = port
    }

    /// `inet_pton` knows what an address is; its result's bytes are of no use here.
    private static func isAddress(_ text: String, family: Int32) -> Bool {
        var storage = in6_addr()
        return !text.utf8.contains(0) && inet_pton(family, text, &storage) == 1
    }
}

/// Digits only: no sign, no blank, which `Int.init` would let through.
private func decimal<Number: FixedWidthInteger>(
    _ text: Substring, as type: Number.Type
) -> Number? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
    return Number(text)
}
