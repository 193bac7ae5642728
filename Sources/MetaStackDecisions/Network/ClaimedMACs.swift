public import MetaStackModel

/// Which VMs' claims name which MAC addresses, on which networks.
///
/// One pass over all claims. A list of thousands of VMs that wait asks for each of them: it makes this
/// once, since a pass for each would be a thousand passes over ten thousand claims.
public struct ClaimedMACs: Sendable {
    private struct Place: Hashable {
        let mac: MACAddress
        /// nil on the nodes' bridge.
        let network: NetworkID?
    }

    /// The first two of each in order of their ids: one of them is another than whoever asks.
    private var holders: [Place: [VMID]] = [:]

    public init(_ cluster: Cluster) { self.init(cluster) { _ in true } }

    /// - Parameter isAsked: of which addresses somebody will ask.
    init(_ cluster: Cluster, where isAsked: (MACAddress) -> Bool) {
        for (vm, claim) in cluster.actualVMs {
            for (place, mac) in claim.value.macs.enumerated() where isAsked(mac) {
                let nics = claim.value.nics
                let network = nics.indices.contains(place) ? nics[place].network : nil
                add(vm, at: Place(mac: mac, network: network))
            }
        }
    }

    private mutating func add(_ vm: VMID, at place: Place) {
        var known = holders[place] ?? []
        guard known.count < 2 || vm < known[1], !known.contains(vm) else { return }
        known.append(vm)
        holders[place] = Array(known.sorted().prefix(2))
    }

    /// Addresses are hashes of ids, so two can be alike, if hardly ever; and people name some.
    ///
    /// - Throws: `VMPlan.Impossible` where another VM has the address of one of the NICs on its network.
    func requireOwn(_ wanted: [WantedNIC], of vm: VMID) throws(VMPlan.Impossible) {
        for nic in wanted {
            let place = Place(mac: nic.mac, network: nic.network?.id)
            guard let other = holders[place]?.first(where: { $0 != vm }) else { continue }
            throw VMPlan.Impossible(
                description: "VM \(other) has the same MAC address \(nic.mac): "
                    + (nic.wish.mac == nil
                        ? "delete this VM and create it under another id"
                        : "give NIC \(nic.place) another one"))
        }
    }
}

extension Cluster {
    /// The same for one VM.
    func requireOwnMACs(
        _ wanted: [WantedNIC], of vm: VMID
    ) throws(VMPlan.Impossible) {
        try ClaimedMACs(self) { mac in wanted.contains { $0.mac == mac } }
            .requireOwn(wanted, of: vm)
    }
}
