import MetaStackDecisions
package import MetaStackModel

/// Why VMs that are wanted running are on no host, by the same functions that the nodes ask.
///
/// Thousands may wait beside thousands that run: what is the same for all of them is found out once, so that
/// whoever shows many makes this once.
package struct PendingReasons {
    private static let hostsShown = 3

    private let cluster: Cluster
    private let placement: Placement
    private let macs: ClaimedMACs
    /// Why nobody takes a VM over.
    private let takeoversHeld: String?

    package init(_ cluster: Cluster) {
        self.cluster = cluster
        placement = Placement(cluster)
        macs = ClaimedMACs(cluster)
        takeoversHeld = cluster.takeoversHeld
    }

    /// nil where some host can take the VM, so that it is about to.
    package func text(_ id: VMID, _ desired: Stored<DesiredVM>) -> String? {
        if cluster.hosts.isEmpty { return "no hosts are live, start metastack-node on one" }
        if cluster.volumes[id]?.values.contains(where: {
            $0.value.vmCreateRevision != desired.createRevision
        }) == true {
            return "volumes of an earlier VM under this id are being removed"
        }
        let plan: VMPlan
        do throws(VMPlan.Impossible) {
            plan = try VMPlan(id, spoken(desired.value), in: cluster, macs: macs)
        } catch {
            return error.description
        }
        if let pin = plan.request.pin, cluster.hosts[pin] == nil {
            return "host \(pin), to which it is pinned, is not live"
        }
        return refusal(of: plan.request) ?? heldBack(id)
    }

    /// A VM that was somebody's is taken over, and that may have to wait.
    private func heldBack(_ id: VMID) -> String? {
        cluster.histories[id]?.value.clients.isEmpty == false ? takeoversHeld : nil
    }

    /// Why no host can take it; nil where one can.
    private func refusal(of request: PlacementRequest) -> String? {
        guard !placement.hasCandidate(for: request) else { return nil }
        let hosts = request.pin.map { [$0] } ?? placement.offers.map(\.host)
        let shown = hosts.prefix(Self.hostsShown).map { host in
            let reasons = placement.refusals(of: request, by: host) ?? []
            return "\(host): " + reasons.map(\.description).joined(separator: " and ")
        }
        let more = hosts.count - shown.count
        return "no host can take it: " + shown.joined(separator: "; ")
            + (more > 0 ? "; and \(more) more" : "")
    }

    /// The record with names in place of ids, since its words are for people.
    private func spoken(_ desired: DesiredVM) -> DesiredVM {
        var spoken = desired
        spoken.flavour = cluster.flavourWord(desired.flavour)
        spoken.image = cluster.imageWord(desired.image)
        return spoken
    }
}

extension Cluster {
    fileprivate var takeoversHeld: String? {
        if let position = takeoverSwitch?.value, position.state == .disarmed {
            return "takeovers are disarmed" + (position.reason.map { ": \($0)" } ?? "")
        }
        let reasons = hosts.sorted { $0.key < $1.key }.map(\.value.value.takeoversHeld)
        guard let first = reasons.first, let reason = first, !reasons.contains(nil) else {
            return nil
        }
        return "takeovers are held back: \(reason)"
    }

    /// What people call the flavour that a record means; the reference itself where it leads
    /// nowhere or its name is not its own.
    package func flavourWord(_ reference: String) -> String {
        guard let name = flavours[FlavourID(unchecked: reference)]?.value.name.text,
            flavours.values.count(where: { $0.value.name.text == name }) == 1,
            flavours[FlavourID(unchecked: name)] == nil
        else { return reference }
        return name
    }

    /// What people call the image that a record means.
    package func imageWord(_ reference: String) -> String {
        guard let name = images[ImageID(unchecked: reference)]?.value.name.text,
            images.values.count(where: { $0.value.name.text == name }) == 1,
            images[ImageID(unchecked: name)] == nil
        else { return reference }
        return name
    }
}
