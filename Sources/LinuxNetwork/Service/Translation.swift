import MetaStackModel

/// What a host translates for its own guests of a network between IPv6 and IPv4.
struct Translation: Sendable, Equatable {
    /// One guest's two addresses.
    struct Pair: Sendable, Hashable, Comparable {
        var ipv4: IPAddress
        var ipv6: IPAddress

        static func < (left: Self, right: Self) -> Bool { left.ipv4 < right.ipv4 }
    }

    var rule: NAT64
    /// In order.
    var pairs: [Pair]
    /// Of the guests' links, in bytes.
    var mtu: Int

    /// The translator's link in the network's namespace.
    static let link = "nat64"
    /// In whose name it tells IPv4 senders of errors (RFC 7600, 4.4).
    static let errors = IPAddress(.ipv4, 0xc000_0008)

    /// By which a guest finds the prefix (RFC 7050): what this name's IPv4 addresses are here.
    static let wellKnownName = "ipv4only.arpa"
    static let wellKnownAddresses = [
        IPAddress(.ipv4, 0xc000_00aa), IPAddress(.ipv4, 0xc000_00ab),
    ]

    /// - Returns: nil where the network's guests have no IPv4 addresses of this kind.
    init?(_ record: Network, ports: [GuestPort], mtu: Int) {
        guard let rule = record.nat64 else { return nil }
        self.rule = rule
        self.mtu = mtu
        pairs = ports.flatMap { port in
            // The first of one to the first of the other.
            zip(
                port.addresses.filter(rule.ipv4.contains),
                port.addresses.filter { $0.family == .ipv6 }
            ).map { Pair(ipv4: $0, ipv6: $1) }
        }.sorted()
    }

    // MARK: What may go through

    /// Rules for what the namespace forwards: nobody outside speaks as a guest or as somebody that is
    /// translated, or has his own packets translated here.
    var forwarding: [String] {
        let outside = "iifname \"uplink\""
        let own = pairs.map(\.ipv4.description).joined(separator: ", ")
        return [
            "\(outside) ip6 saddr \(rule.prefix) drop", "\(outside) ip6 daddr \(rule.prefix) drop",
        ] + (pairs.isEmpty ? [] : ["\(outside) ip saddr { \(own) } drop"])
    }
}
