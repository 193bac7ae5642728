import MetaStackDecisions
import MetaStackModel

/// What a guest's NICs are made of.
extension GuestPerformer {
    /// In order, as the claim has them.
    func nics(
        of vm: VMID, _ claim: ActualVM, _ wanted: DesiredVM
    ) throws -> [GuestNIC] {
        let networks = view.read { $0.cluster.networks }
        return try claim.macs.enumerated().map { place, mac in
            var nic = GuestNIC(mac: mac, interface: .tap(of: vm, nic: place))
            if wanted.nics.indices.contains(place) { nic.limits = wanted.nics[place].limits }
            guard claim.nics.indices.contains(place), let id = claim.nics[place].network else {
                return nic
            }
            guard let network = networks[id]?.value else {
                throw GuestStepError.noNetwork(id, place)
            }
            nic.mtu = network.mtu
            if case .bridge(let bridge) = network.kind { nic.bridge = bridge }
            return nic
        }
    }
}
