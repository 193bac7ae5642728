import MetaStackModel

/// What Open vSwitch's database is to have for this host's networks, and the fewest commands that make
/// it so.
///
/// Each network has a bridge of its own, on which nothing passes but by ``SwitchFlows``, joined to the
/// host's bridge by a pair of patch ports; a VLAN is the tag of the one over there. Pure: from what is wanted and
/// what is there to the commands of `ovs-vsctl`. It touches only bridges and ports that MetaStack made.
///
/// A guest's port is in the database before its NIC is there, with a number, so that its flows
/// stand before its first frame: whoever makes the NIC finds the port (`--may-exist add-port`).
struct SwitchPlan: Sendable, Equatable {
    /// Commands of `ovs-vsctl` that take away, before links are changed: a port whose link is made anew is
    /// not seen to be another one as long as it is in the database.
    private(set) var removals: [[String]] = []
    /// Commands of `ovs-vsctl` that make the rest, when the links are there.
    private(set) var changes: [[String]] = []
    /// The guests' numbers in flows.
    private(set) var numbers: [InterfaceName: Int] = [:]
    /// What the names of networks end in that stay because of a NIC which nobody told of.
    private(set) var occupied: Set<String> = []

    /// A network's own ports.
    static let service = 1
    static let outlet = 2
    private static let firstGuest = 16

    /// The last is what flows are written in, the others are for people with `ovs-ofctl`.
    private static let protocols = "OpenFlow10,OpenFlow13,OpenFlow14,\(VirtualSwitch.protocol)"

    var isEmpty: Bool { removals.isEmpty && changes.isEmpty }

    private var reading = SwitchReading()
    private var links: Set<String> = []
    private var renewed: Set<String> = []
    private var kept: Set<String> = []

    init() {}

    /// - Parameters:
    ///   - networks: those that can be here.
    ///   - ports: all that are wanted.
    ///   - links: the kernel's.
    ///   - renewed: those of them that are about to be made anew.
    ///   - stuck: what the names of networks end in that cannot be here, and stay as they are.
    init(
        _ networks: [PlannedNetwork], ports: [GuestPort], reading: SwitchReading,
        links: Set<String>, renewed: Set<String> = [], stuck: Set<String>
    ) {
        self.reading = reading
        self.links = links
        self.renewed = renewed
        let used = Dictionary(grouping: ports, by: \.network)
        for network in networks {
            guard let trunk = network.trunk else { continue }
            kept.insert(network.bridge)
            converge(network, trunk, used[network.id] ?? [])
        }
        removeOthers(stuck: stuck)
    }

    // MARK: A network

    private mutating func converge(
        _ network: PlannedNetwork, _ trunk: SwitchTrunk, _ guests: [GuestPort]
    ) {
        let (bridge, names, id) = (network.bridge, network.names, network.id.text)
        var old = reading.bridges[bridge]
        if let found = old, Self.kind(found.datapath) != Self.kind(trunk.datapath) {
            // Patch ports do not lead from one kind of datapath to the other.
            removals.append(["--if-exists", "del-br", bridge])
            reading.ports = reading.ports.filter { $0.value.bridge != bridge }
            old = nil
        }
        if old == nil { changes.append(["--may-exist", "add-br", bridge]) }
        if old?.isSecure != true || old?.network != id {
            changes.append(
                [
                    "set", "Bridge", bridge, "fail_mode=secure", "datapath_type=\(trunk.datapath)",
                    "external_ids:\(SwitchReading.mark)=\(id)",
                    "protocols=\(Self.protocols)",
                ].filter { $0 != "datapath_type=" })
        }
        patch(names.outlet, on: bridge, to: names.inlet, number: Self.outlet, tag: nil, id)
        patch(names.inlet, on: trunk.bridge, to: names.outlet, number: nil, tag: trunk.tag, id)
        if network.isServed {
            port(names.servicePort, on: bridge, number: Self.service, id)
        }
        for (guest, number) in Self.numbered(guests, reading, on: bridge) {
            numbers[guest.interface] = number
            port(guest.interface.text, on: bridge, number: number, id)
        }
    }

    private static func kind(_ datapath: String) -> String {
        datapath.isEmpty ? "system" : datapath
    }

    private mutating func patch(
        _ name: String, on bridge: String, to peer: String, number: Int?, tag: Int?, _ id: String
    ) {
        let old = moved(name, to: bridge)
        kept.insert(name)
        if old == nil { changes.append(["--may-exist", "add-port", bridge, name]) }
        if old?.type != "patch" || old?.peer != peer || old?.request != number {
            changes.append(
                ["set", "Interface", name, "type=patch", "options:peer=\(peer)"]
                    + (number.map { ["ofport_request=\($0)"] } ?? []))
        }
        if old?.network != id {
            changes.append(["set", "Port", name, "external_ids:\(SwitchReading.mark)=\(id)"])
        }
        if old?.tag != tag {
            changes.append(
                tag.map { ["set", "Port", name, "tag=\($0)"] } ?? ["clear", "Port", name, "tag"])
        }
    }

    private mutating func port(_ name: String, on bridge: String, number: Int, _ id: String) {
        let old = moved(name, to: bridge)
        kept.insert(name)
        if old == nil { changes.append(["--may-exist", "add-port", bridge, name]) }
        if old?.request != number {
            changes.append(["set", "Interface", name, "ofport_request=\(number)"])
        }
        if old?.network != id {
            changes.append(["set", "Port", name, "external_ids:\(SwitchReading.mark)=\(id)"])
        }
    }

    /// A port of one name, which is taken off any other bridge, and away where its link is gone: the switch
    /// listens to that one still.
    private mutating func moved(_ name: String, to bridge: String) -> SwitchReading.Port? {
        guard let old = reading.ports[name] else { return nil }
        let isThere = links.contains(name) && !renewed.contains(name)
        let isStale = old.type.isEmpty && !isThere && (old.number ?? 0) > 0
        if old.bridge == bridge, !isStale { return old }
        removals.append(["--if-exists", "del-port", name])
        return nil
    }

    /// A guest keeps the number that it has; others get the lowest that is free.
    private static func numbered(
        _ guests: [GuestPort], _ reading: SwitchReading, on bridge: String
    ) -> [(GuestPort, Int)] {
        let there = reading.ports.filter { $0.value.bridge == bridge }
        func own(_ name: String) -> Int? {
            guard let port = there[name], let number = port.request ?? port.number else {
                return nil
            }
            return number >= firstGuest ? number : nil
        }
        var taken: Set<Int> = []
        var found: [(GuestPort, Int)] = []
        var others: [GuestPort] = []
        for guest in guests.sorted(by: { $0.interface < $1.interface }) {
            if let number = own(guest.interface.text), taken.insert(number).inserted {
                found.append((guest, number))
            } else {
                others.append(guest)
            }
        }
        taken.formUnion(there.values.flatMap { [$0.number, $0.request].compactMap(\.self) })
        var next = firstGuest
        for guest in others {
            while taken.contains(next) { next += 1 }
            taken.insert(next)
            found.append((guest, next))
        }
        return found
    }

    // MARK: What nobody wants

    private mutating func removeOthers(stuck: Set<String>) {
        let own = reading.bridges.filter { $0.value.network != nil }
        let ours = Set(own.keys)
        for (name, port) in reading.ports
        where ours.contains(port.bridge) && !kept.contains(port.bridge) && port.type.isEmpty
            && name != port.bridge && !isService(name) && links.contains(name)
        {
            occupied.insert(Self.suffix(port.bridge))
        }
        let stays = stuck.union(occupied)
        for (name, port) in reading.ports.sorted(by: { $0.key < $1.key }) where !kept.contains(name)
        {
            if ours.contains(port.bridge) {
                // One that the kernel has is a guest's that nobody told of: no flow lets it speak.
                guard kept.contains(port.bridge), name != port.bridge,
                    !links.contains(name) || isService(name)
                else { continue }
                removals.append(["--if-exists", "del-port", name])
            } else if port.network != nil, !stays.contains(Self.suffix(name)) {
                removals.append(["--if-exists", "del-port", name])
            }
        }
        for bridge in own.keys.sorted()
        where !kept.contains(bridge) && !stays.contains(Self.suffix(bridge)) {
            removals.append(["--if-exists", "del-br", bridge])
        }
    }

    private func isService(_ name: String) -> Bool {
        name.hasPrefix("\(NetworkNames.prefix)p") && name.count == "msp".count + 12
    }

    private static func suffix(_ name: String) -> String { String(name.suffix(12)) }
}
