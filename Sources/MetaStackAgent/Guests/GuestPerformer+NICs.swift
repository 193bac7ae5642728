import MetaStackDecisions
import MetaStackModel

/// What a guest's NICs are made of.
extension GuestPerformer {
    /// Those of the claim that the record still asks for, in order; their networks and what protects them
    /// stand.
    func nics(of vm: VMID, _ claim: ActualVM) async throws -> [GuestNIC] {
        let wanted = claim.guestNICs(of: vm).compactMap { nic in
            view.read { $0.cluster.wish(behind: nic, of: vm) }.map { (nic: nic, wish: $0) }
        }
        let places = try await networkPlaces(for: wanted.map(\.nic))
        return wanted.enumerated().map { place, pair in
            guestNIC(pair.nic, place, of: vm, pair.wish, places)
        }
    }

    func guestNIC(
        _ nic: ActualNIC, _ place: Int, of vm: VMID, _ wish: DesiredNIC,
        _ places: [NetworkID: GuestNetworkReport.Place]
    ) -> GuestNIC {
        let there = nic.network.flatMap { places[$0] }
        return GuestNIC(
            mac: nic.mac, interface: nic.interface ?? .tap(of: vm, nic: place),
            bridge: there?.bridge, mtu: there?.mtu,
            // On a network the rules of its host limit it.
            limits: nic.network == nil ? wish.limits : nil)
    }

    /// Makes the networks of NICs that are about to be here, before their first frame.
    ///
    /// - Throws: where one of them cannot be here.
    @discardableResult
    func networkPlaces(
        for nics: [ActualNIC]
    ) async throws -> [NetworkID: GuestNetworkReport.Place] {
        let needed = Set(nics.compactMap(\.network))
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
