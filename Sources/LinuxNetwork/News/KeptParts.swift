import CNetlink
import Glibc
import MetaStackModel

/// What of a host a plane keeps or rests on, as far as the kernel tells of it.
///
/// Pure: whether a message is about one of these. A host's kernel tells of much else, all day.
struct KeptParts: Sendable, Equatable {
    /// Links besides our own: guests' NICs, and what networks are made of.
    var links: Set<String> = []
    /// Those that the host has for its networks.
    var addresses: Set<IPAddress> = [ServiceAddresses.host]

    init() {}

    /// - Parameter devices: the links that have the host's address in the underlay.
    init(_ wanted: HostNetworks, _ settings: PlaneSettings, devices: Set<String>) {
        links = devices.union(wanted.ports.map(\.interface.text))
        for id in Set(wanted.ports.map(\.network)) {
            switch wanted.networks[id]?.kind {
            case .bridge(let bridge)?: links.insert((bridge ?? settings.bridge).text)
            case .vlan(let uplink, _)?: links.insert(uplink.text)
            case .vxlan?, nil: break
            }
        }
        if let underlay = settings.underlay { addresses.insert(underlay) }
    }

    // MARK: rtnetlink(7)

    /// The groups that tell of what is kept.
    static let groups = [
        RTNLGRP_LINK, RTNLGRP_NEIGH, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
        RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF,
    ]

    /// How long the headers of the protocol are, in bytes.
    private enum Header {
        static let link = MemoryLayout<ifinfomsg>.size
        static let address = MemoryLayout<ifaddrmsg>.size
        static let settings = MemoryLayout<netconfmsg>.size
        static let table = MemoryLayout<nfgenmsg>.size
    }

    /// Whether the message tells of a change to something that is kept.
    func isTouched(by message: NetlinkMessage) -> Bool {
        switch Int(message.kind) {
        case Int(RTM_NEWLINK), Int(RTM_DELLINK):
            message.text(Int(IFLA_IFNAME), behind: Header.link).map(isKept) ?? false
        // One that comes mends nothing by itself, and is told of with every router advertisement.
        case Int(RTM_DELADDR): isAddress(message)
        case Int(RTM_NEWROUTE), Int(RTM_DELROUTE): isRoute(message)
        case Int(RTM_NEWNEIGH), Int(RTM_DELNEIGH): isPinned(message)
        case Int(RTM_NEWNETCONF): isForwarding(message)
        default: false
        }
    }

    private func isKept(_ link: String) -> Bool {
        links.contains(link) || NetworkNames.isName(link)
    }

    private func isAddress(_ message: NetlinkMessage) -> Bool {
        [IFA_ADDRESS, IFA_LOCAL].contains { kind in
            message.attribute(Int(kind), behind: Header.address)
                .flatMap(IPAddress.init(octets:)).map(addresses.contains) ?? false
        }
    }

    /// Ours, or one that may be in the place of one.
    private func isRoute(_ message: NetlinkMessage) -> Bool {
        // struct rtmsg: rtm_protocol is its sixth byte.
        guard message.body.count >= MemoryLayout<rtmsg>.size else { return false }
        return Int(message.body[5]) == LinkPlan.routeProtocol
            || message.flags & UInt16(NLM_F_REPLACE) != 0
    }

    /// Forwarding entries that somebody made for good. What bridges learn by themselves comes and goes, and
    /// the MACs of their own ports are permanent and go nowhere.
    private func isPinned(_ message: NetlinkMessage) -> Bool {
        // struct ndmsg: ndm_family, three bytes, ndm_ifindex, ndm_state.
        guard let family = message.body.first, CInt(family) == AF_BRIDGE,
            let state = message.body.number(at: 8, as: UInt16.self)
        else { return false }
        return CInt(state) & NUD_NOARP != 0
            || message.attribute(Int(NDA_DST), behind: MemoryLayout<ndmsg>.size) != nil
                && CInt(state) & NUD_PERMANENT != 0
    }

    /// Whether the host forwards at all.
    private func isForwarding(_ message: NetlinkMessage) -> Bool {
        message.attribute(Int(NETCONFA_IFINDEX), behind: Header.settings)?
            .number(at: 0, as: Int32.self) == NETCONFA_IFINDEX_ALL
    }

    // MARK: nftables

    /// Whether the message tells of a change to our tables.
    static func isOfOurTables(_ message: NetlinkMessage) -> Bool {
        guard message.kind >> 8 == NFNL_SUBSYS_NFTABLES else { return false }
        // Of tables, chains, rules, sets and elements alike the first attribute is the table's name.
        return message.text(1, behind: Header.table) == Protection.tableName
    }
}

extension IPAddress {
    /// As the kernel writes it: 4 bytes or 16.
    fileprivate init?(octets: [UInt8]) {
        let bits = octets.reduce(UInt128(0)) { $0 << 8 | UInt128($1) }
        switch octets.count {
        case 4: self.init(.ipv4, bits)
        case 16: self.init(.ipv6, bits)
        default: return nil
        }
    }
}
