import MetaStackModel

@testable import LinuxNetwork

/// One forbidden thing, the frames that do it, and the rule that forbids it.
struct Attack: Sendable, CustomStringConvertible {
    var name: String
    var frames: [Frame]
    /// Which of the guest's chains has the rule: `from`, `check`.
    var chain: String
    /// What the rule begins with.
    var rule: String
    /// Whether it goes to guests on all hosts.
    var isForAll: Bool { frames.allSatisfy { $0.octets[0] & 1 == 1 } }
    /// Whether another host keeps it from its guests even so.
    var isKeptOut: Bool { name.contains("router advertisement") || name.contains("DHCP") }

    /// What neighbours see of it, where that is something else: the kernel takes tags off, and puts
    /// fragments together.
    var seenAs: [Frame]?
    var watched: [Frame] { seenAs ?? frames }

    var description: String { name }

    /// What a guest may not do on its network.
    ///
    /// - Parameter other: a neighbour, in whose name it speaks.
    static func all(of guest: GuestPort, other: GuestPort) throws -> [Attack] {
        let (own, victim) = (Frame.mac("\(guest.mac)"), Frame.mac("\(other.mac)"))
        let linkLocal = ServiceAddresses.linkLocal(guest.mac)
        let allNodes = try IPAddress("ff02::1")
        let toAll = Frame.mac("33:33:00:00:00:01")
        let router = [64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0] as [UInt8]
        func neighbour(_ type: UInt8, _ target: IPAddress, from: IPAddress) -> [UInt8] {
            Frame.icmpv6(
                from, allNodes, type: type, [0x20, 0, 0, 0] + target.octets + [2, 1] + own)
        }
        func icmp(_ payload: [UInt8], source: IPAddress? = nil) -> Frame {
            Frame.ipv6(
                from: own, to: toAll, source: source ?? guest.ipv6, target: allNodes, next: 58,
                payload)
        }
        let mtu: [UInt8] = [5, 1, 0, 0, 0, 0, 5, 0]
        let long = Frame.icmpv6(linkLocal, allNodes, type: 134, router + mtu + mtu)
        let advert = Frame.icmpv6(linkLocal, allNodes, type: 134, router)
        return [
            Attack(
                name: "another MAC address",
                frames: [
                    .ipv4(
                        from: Frame.mac("02:00:00:00:00:66"), to: victim, source: guest.ipv4,
                        target: other.ipv4, protocol: 17,
                        Frame.udp(guest.ipv4, other.ipv4, from: 9, to: 9))
                ], chain: "from", rule: "ether saddr != "),
            Attack(
                name: "ARP with another's MAC in it",
                frames: [
                    .arp(from: own, sender: victim, senderIP: guest.ipv4, targetIP: guest.ipv4)
                ], chain: "from", rule: "ether type arp arp saddr ether "),
            Attack(
                name: "ARP for another's address",
                frames: [
                    .arp(
                        from: own, sender: own, senderIP: other.ipv4, targetIP: other.ipv4,
                        operation: 2)
                ], chain: "from", rule: "ether type arp arp saddr ip "),
            Attack(
                name: "ARP of an unknown kind",
                frames: [
                    .arp(
                        from: own, sender: own, senderIP: guest.ipv4, targetIP: other.ipv4,
                        hardware: 7)
                ], chain: "from", rule: "ether type arp arp htype "),
            Attack(
                name: "another's IPv4 address",
                frames: [
                    .ipv4(
                        from: own, to: victim, source: try IPAddress("10.7.0.200"),
                        target: other.ipv4, protocol: 17,
                        Frame.udp(try IPAddress("10.7.0.200"), other.ipv4, from: 9, to: 9))
                ], chain: "from", rule: "ip saddr != "),
            Attack(
                name: "another's IPv6 address",
                frames: [
                    .ipv6(
                        from: own, to: victim, source: try IPAddress("2001:db8:7::200"),
                        target: other.ipv6, next: 17,
                        Frame.udp(try IPAddress("2001:db8:7::200"), other.ipv6, from: 9, to: 9))
                ], chain: "from", rule: "ip6 saddr != "),
            Attack(
                name: "another's link-local address",
                frames: [
                    icmp(
                        neighbour(135, other.ipv6, from: ServiceAddresses.ipv6),
                        source: ServiceAddresses.ipv6)
                ], chain: "from", rule: "ip6 saddr != "),
            Attack(
                name: "a neighbour advertisement for another's address",
                frames: [icmp(neighbour(136, other.ipv6, from: guest.ipv6))], chain: "check",
                rule: "icmpv6 type nd-neighbor-advert "),
            Attack(
                name: "a neighbour advertisement for the router",
                frames: [icmp(neighbour(136, ServiceAddresses.ipv6, from: guest.ipv6))],
                chain: "check", rule: "icmpv6 type nd-neighbor-advert "),
            Attack(
                name: "a router advertisement", frames: [icmp(advert, source: linkLocal)],
                chain: "check", rule: "icmpv6 type { nd-router-advert"),
            Attack(
                name: "a router advertisement in fragments",
                frames: Frame.fragments(
                    from: own, to: toAll, source: linkLocal, target: allNodes, next: 58, long,
                    first: 8), chain: "check", rule: "icmpv6 type { nd-router-advert",
                seenAs: [icmp(long, source: linkLocal)]),
            Attack(
                name: "a redirect",
                frames: [
                    icmp(
                        Frame.icmpv6(
                            linkLocal, allNodes, type: 137,
                            [0, 0, 0, 0] + linkLocal.octets + other.ipv6.octets),
                        source: linkLocal)
                ], chain: "check", rule: "icmpv6 type { nd-router-advert"),
            Attack(
                name: "a DHCP server",
                frames: [
                    .ipv4(
                        from: own, to: victim, source: guest.ipv4, target: other.ipv4,
                        protocol: 17, Frame.udp(guest.ipv4, other.ipv4, from: 67, to: 68))
                ], chain: "check", rule: "meta protocol ip udp sport 67"),
            Attack(
                name: "a DHCPv6 server",
                frames: [
                    .ipv6(
                        from: own, to: victim, source: guest.ipv6, target: other.ipv6, next: 17,
                        Frame.udp(guest.ipv6, other.ipv6, from: 547, to: 546))
                ], chain: "check", rule: "meta protocol ip6 udp sport 547"),
            Attack(
                name: "something that is no IP",
                frames: [Frame(from: own, to: victim, type: 0x88b5, Array("evil".utf8))],
                chain: "from", rule: "ether type != { ip, ip6 }"),
            Attack(
                name: "a VLAN's tag",
                frames: [
                    Frame(
                        from: own, to: victim, type: 0x8100,
                        [0, 5, 0x88, 0xb6] + Array("evil".utf8))
                ], chain: "from", rule: "ether type != { ip, ip6 }",
                seenAs: [Frame(from: own, to: victim, type: 0x88b6, Array("evil".utf8))]),
        ]
    }
}
