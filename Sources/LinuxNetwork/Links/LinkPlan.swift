import MetaStackModel

/// What a host's links are to be, and the fewest commands that make them so.
///
/// Pure: from what is wanted and what is there to the lines of `ip -batch` and `bridge -batch`.
/// It touches only links that MetaStack made (``NetworkNames``), the guests' NICs, which it puts back
/// on their bridge, and nothing else of the host. A bridge that has a NIC on it which nobody
/// told it of stays, with all of its network.
struct LinkPlan {
    /// In the forwarding table of a VXLAN: what goes to all.
    static let everyMAC = "00:00:00:00:00:00"
    /// Marks our routes (`man ip-route`, RTPROTO): free among those that are given out.
    static let routeProtocol = 77

    /// The lines of `ip -batch`.
    private(set) var links: [String] = []
    /// The lines of `bridge -batch`, behind those of `ip`.
    private(set) var forwarding: [String] = []
    /// The kernel's settings of our links, each as `name=value`, behind both.
    private(set) var settings: [String] = []
    /// Why a network cannot be here.
    private(set) var problems: [NetworkID: String] = [:]
    /// The networks that some of the lines are about.
    private(set) var unfinished: Set<NetworkID> = []
    /// Whether there is more to do than that.
    private(set) var hasOtherLines = false
    /// Those that are here, or are once the lines have been carried out.
    private(set) var networks: [NetworkID: PlannedNetwork] = [:]

    /// What Open vSwitch's database is to have; nothing where the kernel's bridges are used.
    private(set) var rows = SwitchPlan()

    var isEmpty: Bool {
        links.isEmpty && forwarding.isEmpty && settings.isEmpty && rows.isEmpty
    }

    private let reading: LinkReading

    /// - Parameters:
    ///   - fresh: the networks whose namespace is new: what went into an old one is made again.
    ///   - directory: where the namespaces are.
    init(
        _ wanted: HostNetworks, settings: PlaneSettings, offer: KernelOffer, reading: LinkReading,
        switches: SwitchReading? = nil, fresh: Set<NetworkID>
    ) {
        self.reading = reading
        let used = Dictionary(grouping: wanted.ports, by: \.network)
        let layout = LinkLayout(
            settings: settings, offer: offer, reading: reading,
            used: Set(used.keys.map { NetworkNames($0).suffix }), switches: switches)
        var kept: Set<String> = []
        var stuck: Set<String> = []
        for (id, ports) in used.sorted(by: { $0.key < $1.key }) {
            let suffix = NetworkNames(id).suffix
            guard let record = wanted.networks[id] else {
                problems[id] = "there is no network \(id)"
                stuck.insert(suffix)
                continue
            }
            do throws(NetworkRefusal) {
                let network = try layout.plan(
                    record, id, ports: ports,
                    others: networks.values.sorted { $0.id < $1.id })
                networks[id] = network
                let before = lines
                if network.isShared, offer.tracking == .marks { show(network.bridge) }
                for link in network.links {
                    kept.insert(link.name)
                    converge(link, isFresh: fresh.contains(id))
                }
                flood(network, to: wanted.peers[id] ?? [], except: settings.underlay)
                if network.trunk == nil { connect(ports, to: network.bridge) }
                if lines > before { unfinished.insert(id) }
            } catch {
                problems[id] = error.reason
                stuck.insert(suffix)
            }
        }
        if let switches {
            rows = SwitchPlan(
                networks.values.sorted { $0.id < $1.id }, ports: wanted.ports, reading: switches,
                links: Set(reading.links.keys),
                renewed: Set(fresh.map { NetworkNames($0).servicePort }), stuck: stuck)
        }
        let before = lines
        removeOthers(kept: kept, stuck: stuck.union(rows.occupied))
        hasOtherLines = lines > before || !rows.isEmpty
    }

    private var lines: Int { links.count + forwarding.count + settings.count }

    /// A bridge of the host's own shows what it forwards to the rules, as ours do.
    private mutating func show(_ bridge: String) {
        if reading.links[bridge]?.filters != true { links.append(Self.showing(bridge, true)) }
    }

    static func showing(_ bridge: String, _ shows: Bool) -> String {
        let value = shows ? 1 : 0
        return "link set dev \(bridge) type bridge nf_call_iptables \(value) "
            + "nf_call_ip6tables \(value)"
    }

    // MARK: One link

    private mutating func converge(_ wanted: WantedLink, isFresh: Bool) {
        let found = reading.links[wanted.name]
        var isNew = found == nil
        if let found, !wanted.kind.matches(found) || (isFresh && wanted.kind.isPair) {
            links.append("link delete dev \(wanted.name)")
            isNew = true
        }
        if isNew { links.append(wanted.adding) }
        let old = isNew ? nil : found
        if old?.alias != wanted.alias {
            links.append("link set dev \(wanted.name) alias \"\(wanted.alias)\"")
        }
        if old?.mtu != wanted.mtu {
            links.append("link set dev \(wanted.name) mtu \(wanted.mtu)")
        }
        // It has no address but those that it is given: the host is not on its guests' networks.
        if isNew {
            links.append("link set dev \(wanted.name) addrgenmode none")
        }
        if isNew || reading.hearing.contains(wanted.name) {
            settings += ["accept_ra", "autoconf"].map {
                LinkReading.setting($0, of: wanted.name) + "=0"
            }
        }
        if let master = wanted.master, old?.master != master {
            links.append("link set dev \(wanted.name) master \(master)")
        }
        if old?.isUp != true { links.append("link set dev \(wanted.name) up") }
        let pinned = old == nil ? [] : reading.pinned[wanted.name] ?? []
        if let mac = wanted.pinnedMAC, !pinned.contains(mac) || old?.master != wanted.master {
            forwarding.append("fdb replace \(mac) dev \(wanted.name) master static")
        }
        route(wanted, isNew: old == nil)
    }

    private mutating func route(_ wanted: WantedLink, isNew: Bool) {
        if let address = wanted.address,
            isNew || reading.addresses[wanted.name]?.contains(address) != true
        {
            links.append("address replace \(address)/64 dev \(wanted.name) nodad")
        }
        let found = isNew ? [] : reading.routes[wanted.name] ?? []
        for prefix in found.subtracting(wanted.routes).sorted() {
            links.append("route delete \(prefix) dev \(wanted.name) proto \(Self.routeProtocol)")
        }
        for prefix in wanted.routes.filter({ !found.contains($0) }).sorted() {
            let via = prefix.family == .ipv4 ? "via inet6" : "via"
            links.append(
                "route replace \(prefix) \(via) \(ServiceAddresses.router) dev \(wanted.name) "
                    + "proto \(Self.routeProtocol)")
        }
    }

    // MARK: Across links

    private mutating func flood(
        _ network: PlannedNetwork, to peers: Set<IPAddress>, except own: IPAddress?
    ) {
        guard let vxlan = network.links.first(where: \.kind.floods) else { return }
        let isNew = links.contains { $0.hasPrefix("link add name \(vxlan.name) ") }
        let found = isNew ? [] : reading.floods[vxlan.name] ?? []
        let wanted = peers.filter { $0 != own && $0.family == own?.family }
        for peer in found.subtracting(wanted).sorted() {
            forwarding.append("fdb delete \(Self.everyMAC) dev \(vxlan.name) dst \(peer)")
        }
        for peer in wanted.subtracting(found).sorted() {
            forwarding.append("fdb append \(Self.everyMAC) dev \(vxlan.name) dst \(peer)")
        }
    }

    /// Guests whose bridge was deleted under them come back; a NIC that is not there yet is put on
    /// its bridge by whoever makes it.
    private mutating func connect(_ ports: [GuestPort], to bridge: String) {
        for port in ports.sorted(by: { $0.interface < $1.interface }) {
            guard let found = reading.links[port.interface.text], found.master != bridge else {
                continue
            }
            links.append("link set dev \(port.interface) master \(bridge)")
        }
    }

    private mutating func removeOthers(kept: Set<String>, stuck: Set<String>) {
        let ours = reading.links.filter { NetworkNames.isOurs($0.key, alias: $0.value.alias) }
        let occupied = reading.links.filter { ours[$0.key] == nil }.compactMap(\.value.master)
        let stays = stuck.union(
            occupied.filter { ours[$0] != nil && !kept.contains($0) }.map { $0.suffix(12) }.map(
                String.init))
        let gone = ours.keys.filter { !kept.contains($0) && !stays.contains(String($0.suffix(12))) }
        // A bridge goes last: what is on it is still to be named in errors.
        for name in gone.sorted(by: >) { links.append("link delete dev \(name)") }
    }
}
