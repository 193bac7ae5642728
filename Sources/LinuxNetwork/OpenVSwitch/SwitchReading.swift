import Foundation
import MetaStackModel

/// What Open vSwitch's database has: its bridges and their ports.
struct SwitchReading: Sendable, Equatable {
    var bridges: [String: Bridge] = [:]
    var ports: [String: Port] = [:]

    struct Bridge: Sendable, Equatable {
        /// Empty, or `system`, for the kernel's; `netdev` for the one in user space.
        var datapath = ""
        /// Whether it passes nothing that no flow of ours lets pass.
        var isSecure = false
        /// The network that it was made for; nil for somebody else's.
        var network: String?
    }

    struct Port: Sendable, Equatable {
        var bridge: String
        var tag: Int?
        var network: String?
        /// Of its first interface: empty for a link of the kernel.
        var type = ""
        var peer: String?
        /// Its number in flows, as it is and as it was asked for.
        var number: Int?
        var request: Int?
    }

    /// The key of `external_ids` by which a row is ours; its value is the network's id.
    static let mark = "metastack"

    /// The commands of `ovs-vsctl` whose answer this reads.
    static let questions = [
        "--columns=name,datapath_type,fail_mode,external_ids,ports", "list", "Bridge", "--",
        "--columns=_uuid,name,tag,interfaces,external_ids", "list", "Port", "--",
        "--columns=_uuid,type,options,ofport,ofport_request", "list", "Interface",
    ]
}

/// Which of the host's bridges a network is joined to.
struct SwitchTrunk: Sendable, Equatable {
    var bridge: String
    /// What carries it to the outside, as the record names it.
    var link: String
    /// The VLAN there; nil for frames without a tag.
    var tag: Int?
    var datapath: String
}

extension SwitchReading {
    /// - Parameter standard: the bridge of networks of kind bridge that name none.
    func trunk(
        of network: PlannedNetwork, on standard: InterfaceName
    ) throws(NetworkRefusal) -> SwitchTrunk {
        let name: String
        var tag: Int?
        switch network.record.kind {
        case .bridge(let bridge):
            name = (bridge ?? standard).text
            guard bridges[name] != nil else {
                throw NetworkRefusal(reason: "this host has no bridge \(name) of Open vSwitch")
            }
        case .vlan(let uplink, let id):
            name = uplink.text
            tag = id
        case .vxlan: throw NetworkRefusal(reason: KernelOffer.noVXLANsWithSwitch)
        }
        let below = bridges[name] == nil ? ports[name]?.bridge : name
        guard let below, let bridge = bridges[below], bridge.network == nil else {
            throw NetworkRefusal(reason: "\(name) is on no bridge of Open vSwitch on this host")
        }
        if let own = bridges[network.bridge], own.network != network.id.text {
            throw NetworkRefusal(
                reason: "this host's bridge \(network.bridge) of Open vSwitch is somebody else's")
        }
        return SwitchTrunk(bridge: below, link: name, tag: tag, datapath: bridge.datapath)
    }
}

// MARK: Reading

extension SwitchReading {
    /// Reads one table a line, as `ovs-vsctl --format=json` writes them.
    init(_ answer: String) throws(NetworkPlaneError) {
        let tables: [Table]
        do {
            tables = try answer.split(separator: "\n").map {
                try JSONDecoder().decode(Table.self, from: Data($0.utf8))
            }
        } catch {
            throw NetworkPlaneError(.answer, "cannot read what ovs-vsctl says: \(error)")
        }
        guard tables.count == 3 else {
            throw NetworkPlaneError(.answer, "ovs-vsctl says nothing of bridges and ports")
        }
        let interfaces = Dictionary(
            tables[2].rows.map { ($0["_uuid"]?.first ?? "", $0) }
        ) { first, _ in first }
        var owners: [String: String] = [:]
        for row in tables[0].rows {
            guard let name = row["name"]?.first else { continue }
            bridges[name] = Bridge(
                datapath: row["datapath_type"]?.first ?? "",
                isSecure: row["fail_mode"]?.first == "secure",
                network: row["external_ids"]?.map[Self.mark])
            for port in row["ports"]?.values ?? [] { owners[port] = name }
        }
        for row in tables[1].rows {
            guard let name = row["name"]?.first, let uuid = row["_uuid"]?.first,
                let bridge = owners[uuid]
            else { continue }
            let interface = row["interfaces"]?.first.flatMap { interfaces[$0] }
            ports[name] = Port(
                bridge: bridge, tag: row["tag"]?.number,
                network: row["external_ids"]?.map[Self.mark],
                type: interface?["type"]?.first ?? "",
                peer: interface?["options"]?.map["peer"], number: interface?["ofport"]?.number,
                request: interface?["ofport_request"]?.number)
        }
    }
}

/// A table of OVSDB's (RFC 7047, 5.1).
private struct Table: Decodable {
    let rows: [[String: Value]]

    private enum CodingKeys: String, CodingKey { case headings, data }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let headings = try fields.decode([String].self, forKey: .headings)
        rows = try fields.decode([[Value]].self, forKey: .data).map { cells in
            Dictionary(zip(headings, cells)) { first, _ in first }
        }
    }
}

/// One atom, `["uuid", …]`, `["set", […]]` or `["map", [[key, value], …]]`.
private enum Value: Decodable {
    case set([String])
    case map([String: String])

    var values: [String] {
        if case .set(let values) = self { values } else { [] }
    }
    var first: String? { values.first }
    var number: Int? { first.flatMap { Int($0) } }
    var map: [String: String] {
        if case .map(let pairs) = self { pairs } else { [:] }
    }

    init(from decoder: any Decoder) throws {
        if let atom = try? decoder.singleValueContainer().decode(Atom.self) {  // No compound one.
            self = .set([atom.text])
            return
        }
        var parts = try decoder.unkeyedContainer()
        switch try parts.decode(String.self) {
        case "set": self = .set(try parts.decode([Element].self).map(\.text))
        case "map":
            let pairs = try parts.decode([[Element]].self).filter { $0.count == 2 }
            self = .map(
                Dictionary(pairs.map { ($0[0].text, $0[1].text) }) { first, _ in first })
        default: self = .set([try parts.decode(String.self)])
        }
    }
}

/// What a set or a map has: an atom, or a row's `["uuid", …]`.
private struct Element: Decodable {
    let text: String

    init(from decoder: any Decoder) throws {
        if let atom = try? decoder.singleValueContainer().decode(Atom.self) {  // A row's name.
            text = atom.text
        } else {
            text = try decoder.singleValueContainer().decode([String].self).last ?? ""
        }
    }
}

private struct Atom: Decodable {
    let text: String

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let number = try? value.decode(Int.self) {  // Else a text.
            text = "\(number)"
        } else if let flag = try? value.decode(Bool.self) {  // Else a text.
            text = "\(flag)"
        } else {
            text = try value.decode(String.self)
        }
    }
}
