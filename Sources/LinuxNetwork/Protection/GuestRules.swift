import MetaStackModel

/// What one NIC may send and get, as the rules of three chains.
///
/// - `from`: where a frame comes from the guest. Its own MAC and addresses only.
/// - `check`: the same frame with its fragments put together: nothing that only routers and servers
///   say, nothing about other addresses, and what the security groups let out.
/// - `to`: where a frame goes to the guest. What the security groups let in.
struct GuestRules {
    let port: GuestPort
    /// nil where there is no record: nothing passes.
    let network: Network?
    let groups: GroupRules
    let tracking: KernelOffer.Tracking

    /// Those that it has itself: what is translated comes and goes as IPv6.
    private var ipv4: [IPAddress] {
        port.addresses.filter {
            $0.family == .ipv4 && network?.nat64?.ipv4.contains($0) != true
        }
    }
    private var ipv6: [IPAddress] {
        port.addresses.filter { $0.family == .ipv6 } + [ServiceAddresses.linkLocal(port.mac)]
    }
    /// Whether the guest's addresses are known: not on a bridge whose addresses others give.
    private var isAddressed: Bool {
        network?.subnets.isEmpty == false || !port.addresses.isEmpty
    }

    // MARK: From the guest

    var from: [String] {
        guard network != nil else { return ["drop"] }
        return ["ether saddr != \(port.mac) drop", Marks.setGuest]
            + Self.limit(port.limits?.outbound) + arp + [Self.announcement]
            + ["ether type != { ip, ip6 } drop"] + (isAddressed ? sources : []) + toServices
            + ["accept"]
    }

    /// A guest that was told of no way to the metadata server gives the question to its router, which has no
    /// answer or another cloud's.
    private var toServices: [String] {
        guard network?.subnets.isEmpty == false else { return [] }
        let mac = NetworkNames(port.network).serviceMAC
        return ["ip daddr \(ServiceAddresses.ipv4) ether daddr set \(mac)"]
    }

    /// By which QEMU tells the bridges where a guest is that moved (RARP); nobody believes it more.
    private static let announcement =
        "ether type 0x8035 ether daddr ff:ff:ff:ff:ff:ff accept"

    private var arp: [String] {
        var rules = [
            "ether type arp arp htype != 1 drop", "ether type arp arp ptype != ip drop",
            "ether type arp arp hlen != 6 drop", "ether type arp arp plen != 4 drop",
            "ether type arp arp saddr ether != \(port.mac) drop",
        ]
        if isAddressed {
            // 0.0.0.0 asks whether an address is free (RFC 5227).
            let own = Self.list(["0.0.0.0"] + ipv4.map(\.description))
            rules.append("ether type arp arp saddr ip != \(own) drop")
        }
        return rules + ["ether type arp accept"]
    }

    private var sources: [String] {
        let targets = Self.list(ipv6.map(Self.hexadecimal))
        return [
            "ip saddr 0.0.0.0 udp sport 68 udp dport 67 accept",
            ipv4.isEmpty
                ? "ether type ip drop" : "ip saddr != \(Self.list(ipv4.map(\.description))) drop",
            // Before it has an address, a guest asks whether it is free, and joins groups.
            "ip6 saddr :: icmpv6 type nd-neighbor-solicit @th,64,128 \(targets) accept",
            "ip6 saddr :: icmpv6 type { mld-listener-report, mld2-listener-report, "
                + "nd-router-solicit } accept",
            "ip6 saddr != \(Self.list(ipv6.map(\.description))) drop",
        ]
    }

    /// What the guest says with its fragments put together.
    var check: [String] {
        guard network != nil else { return ["drop"] }
        var rules = [
            "icmpv6 type { nd-router-advert, nd-redirect } drop",
            "meta protocol ip udp sport 67 drop", "meta protocol ip6 udp sport 547 drop",
        ]
        if isAddressed {
            let targets = Self.list(ipv6.map(Self.hexadecimal))
            rules.append("icmpv6 type nd-neighbor-advert @th,64,128 != \(targets) drop")
        }
        return rules + egress
    }

    private var egress: [String] {
        guard let allowed = groups.egress(of: port) else { return ["accept"] }
        let gateways = (network?.subnets ?? []).filter { $0.gatewayMode == .node }
            .compactMap(\.gateway).flatMap { gateway in
                ["udp", "tcp"].map {
                    "\(Self.ip(gateway)) daddr \(gateway) \($0) dport 53 accept"
                }
            }
        return [
            "\(Marks.isEstablished(tracking)) accept", "ether type arp accept", Self.announcement,
            "icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert, "
                + "mld-listener-report, mld-listener-done, mld2-listener-report } accept",
            "udp sport 68 udp dport 67 accept", "udp sport 546 udp dport 547 accept",
            "ip daddr \(ServiceAddresses.ipv4) accept",
            "ip6 daddr \(ServiceAddresses.ipv6) accept",
        ] + gateways + allowed + ["drop"]
    }

    // MARK: To the guest

    var to: [String] {
        guard network != nil else { return ["drop"] }
        // A bridge that does not know where a MAC is sends to all of its ports.
        let own =
            "ether daddr & 01:00:00:00:00:00 == 00:00:00:00:00:00 ether daddr != \(port.mac) drop"
        let limit = Self.limit(port.limits?.inbound)
        guard !port.groups.isEmpty else { return [own] + limit + ["accept"] }
        var rules =
            [own] + limit + [
                "ether type arp accept",
                "udp sport 67 udp dport 68 accept", "udp sport 547 udp dport 546 accept",
                "icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, "
                    + "mld-listener-query } accept",
                "\(Marks.isEstablished(tracking)) accept",
            ]
        if port.hasArrived { rules.append("tcp flags & (syn | ack) == ack accept") }
        return rules + groups.ingress(of: port) + ["drop"]
    }

    // MARK: Limits

    /// What is too much is dropped, which is how a sender hears of it. The kernel saves up for a second
    /// (`nft_limit`); beyond that a guest may send two of the largest frames that it hands over at once.
    ///
    /// - Parameter kbit: a second.
    private static func limit(_ kbit: Int?) -> [String] {
        kbit.map { ["limit rate over \($0 * 125) bytes/second burst 131072 bytes drop"] } ?? []
    }

    // MARK: Words

    private static func list(_ items: [String]) -> String {
        "{ \(items.joined(separator: ", ")) }"
    }

    private static func ip(_ address: IPAddress) -> String {
        address.family == .ipv4 ? "ip" : "ip6"
    }

    private static func hexadecimal(_ address: IPAddress) -> String {
        "0x" + String(address.number, radix: 16)
    }
}
