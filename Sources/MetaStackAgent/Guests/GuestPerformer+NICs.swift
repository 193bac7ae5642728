import MetaStackDecisions
import MetaStackModel

/// What a guest's NICs are made of.
extension GuestPerformer {
    /// In order, as the claim has them; their networks and what protects them stand.
    func nics(
        of vm: VMID, _ claim: ActualVM, _ wanted: DesiredVM
    ) async throws -> [GuestNIC] {
        let places = try await networkPlaces(for: claim)
        return claim.macs.enumerated().map { place, mac in
            var nic = GuestNIC(mac: mac, interface: .tap(of: vm, nic: place))
            if wanted.nics.indices.contains(place) { nic.limits = wanted.nics[place].limits }
            guard claim.nics.indices.contains(place),
                let there = claim.nics[place].network.flatMap({ places[$0] })
            else { return nic }
            nic.bridge = there.bridge
            nic.mtu = there.mtu
            return nic
        }
    }

    /// Makes the networks of a guest that is about to be here, before its first frame.
    ///
    /// - Throws: where one of them cannot be here.
    @discardableResult
    func networkPlaces(
        for claim: ActualVM
    ) async throws -> [NetworkID: GuestNetworkReport.Place] {
        let needed = Set(claim.nics.compactMap(\.network))
        guard !needed.isEmpty else { return [:] }
        guard let networks else {
            throw GuestStepError.networkRefused(needed.sorted()[0], "its node makes no networks")
        }
        let report = try await networks.converge()
        for id in needed.sorted() where report.ready[id] == nil {
            let known = view.read { $0.cluster.networks[id] != nil }
            throw GuestStepError.networkRefused(
                id,
                report.problems[id]
                    ?? (known ? "its guests are not known here yet" : "there is no such network"))
        }
        return report.ready
    }
}
