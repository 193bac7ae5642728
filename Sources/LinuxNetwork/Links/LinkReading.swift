import Foundation
import MetaStackModel

/// What links a host has, as `ip` and `bridge` say it.
struct LinkReading: Sendable, Equatable {
    var links: [String: Link] = [:]
    /// The host's addresses by the link that has them.
    var addresses: [String: Set<IPAddress>] = [:]
    /// Where each VXLAN sends what it knows no other host for.
    var floods: [String: Set<IPAddress>] = [:]
    /// The MACs that each bridge port has for good.
    var pinned: [String: Set<String>] = [:]
    /// Our routes by the link that they go over.
    var routes: [String: Set<IPPrefix>] = [:]
    /// Our links that take addresses and routes from router advertisements.
    var hearing: Set<String> = []

    struct Link: Sendable, Equatable {
        var kind = ""
        var master: String?
        var mtu = 0
        var isUp = false
        var alias: String?
        var mac = ""
        var vlan: VLAN?
        var vxlan: VXLAN?
        /// Whether a bridge shows what it forwards to the IP layers' rules.
        var filters = false
    }

    struct VLAN: Sendable, Equatable {
        var id: Int
        var uplink: String?
    }

    struct VXLAN: Sendable, Equatable {
        var vni: Int
        var port: Int
        var local: IPAddress?
        var group: IPAddress?
        var link: String?
    }
}

extension LinkReading {
    /// How the kernel calls a setting of IPv6 on a link (sysctl(8)).
    static func setting(_ setting: String, of link: String) -> String {
        "net.ipv6.conf.\(link).\(setting)"
    }

    /// Reads the answers of `ip -j -d address show`, `bridge -j fdb show` and `ip -j route show`, of which
    /// there may be several.
    init(links: String, forwarding: String, routes: [String]) throws(NetworkPlaneError) {
        do {
            let decoder = JSONDecoder()
            for entry in try decoder.decode([LinkEntry].self, from: Data(links.utf8)) {
                add(entry)
            }
            for entry in try decoder.decode([ForwardingEntry].self, from: Data(forwarding.utf8)) {
                add(entry)
            }
            for answer in routes {
                for entry in try decoder.decode([RouteEntry].self, from: Data(answer.utf8)) {
                    add(entry)
                }
            }
        } catch {
            throw NetworkPlaneError(.answer, "cannot read what ip and bridge say: \(error)")
        }
    }

    private mutating func add(_ entry: LinkEntry) {
        guard let name = entry.ifname else { return }
        var link = Link()
        link.kind = entry.linkinfo?.kind ?? ""
        link.master = entry.master
        link.mtu = entry.mtu ?? 0
        link.isUp = entry.flags?.contains("UP") == true
        link.alias = entry.ifalias
        link.mac = entry.address ?? ""
        if let data = entry.linkinfo?.data {
            if link.kind == "vlan", let id = data.id {
                link.vlan = VLAN(id: id, uplink: entry.link)
            }
            link.filters = data.filtersIPv4 == 1 && data.filtersIPv6 == 1
            if link.kind == "vxlan", let id = data.id {
                link.vxlan = VXLAN(
                    vni: id, port: data.port ?? 0, local: Self.address(data.local ?? data.local6),
                    group: Self.address(data.group ?? data.group6), link: data.link)
            }
        }
        links[name] = link
        let found = (entry.addresses ?? []).compactMap { Self.address($0.local) }
        if !found.isEmpty { addresses[name] = Set(found) }
    }

    private mutating func add(_ entry: ForwardingEntry) {
        guard let name = entry.ifname, let mac = entry.mac else { return }
        if let destination = Self.address(entry.dst), mac == LinkPlan.everyMAC {
            floods[name, default: []].insert(destination)
        } else if entry.master != nil, entry.state == "static" {
            pinned[name, default: []].insert(mac)
        }
    }

    private mutating func add(_ entry: RouteEntry) {
        // One to a single address has no length, and the default route no address.
        guard let name = entry.dev, let text = entry.dst,
            let prefix = (try? IPPrefix(text)) ?? (try? IPAddress(text)).map(IPPrefix.init(only:))
        else { return }
        routes[name, default: []].insert(prefix)
    }

    private static func address(_ text: String?) -> IPAddress? {
        text.flatMap { try? IPAddress($0) }  // What is no address is none of ours.
    }
}

private struct LinkEntry: Decodable {
    struct Kind: Decodable {
        struct Details: Decodable {
            var id: Int?
            var port: Int?
            var local: String?
            var local6: String?
            var group: String?
            var group6: String?
            var link: String?
            var filtersIPv4: Int?
            var filtersIPv6: Int?

            enum CodingKeys: String, CodingKey {
                case id, port, local, local6, group, group6, link
                case filtersIPv4 = "nf_call_iptables"
                case filtersIPv6 = "nf_call_ip6tables"
            }
        }

        var kind: String?
        var data: Details?

        enum CodingKeys: String, CodingKey {
            case kind = "info_kind"
            case data = "info_data"
        }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            kind = try values.decodeIfPresent(String.self, forKey: .kind)
            // Other kinds have fields of these names that are something else.
            data =
                ["bridge", "vlan", "vxlan"].contains(kind)
                ? try values.decodeIfPresent(Details.self, forKey: .data) : nil
        }
    }

    struct Address: Decodable { var local: String? }

    var ifname: String?
    var link: String?
    var master: String?
    var mtu: Int?
    var flags: [String]?
    var ifalias: String?
    var address: String?
    var linkinfo: Kind?
    var addresses: [Address]?

    enum CodingKeys: String, CodingKey {
        case ifname, link, master, mtu, flags, ifalias, address, linkinfo
        case addresses = "addr_info"
    }
}

private struct ForwardingEntry: Decodable {
    var mac: String?
    var ifname: String?
    var dst: String?
    var master: String?
    var state: String?
}

private struct RouteEntry: Decodable {
    var dst: String?
    var dev: String?
}
