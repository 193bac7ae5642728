package import MetaStackDecisions
package import MetaStackModel

/// Why a VM that is wanted running is on no host, by the same functions that the nodes ask.
package enum PendingReason {
    private static let hostsShown = 3

    /// nil where some host can take the VM, so that it is about to.
    package static func text(
        _ id: VMID, _ desired: Stored<DesiredVM>, in cluster: Cluster, _ placement: Placement
    ) -> String? {
        if cluster.hosts.isEmpty { return "no hosts are live, start metastack-node on one" }
        if cluster.volumes[id]?.values.contains(where: {
            $0.value.vmCreateRevision != desired.createRevision
        }) == true {
            return "volumes of an earlier VM under this id are being removed"
        }
        let plan: VMPlan
        do throws(VMPlan.Impossible) {
            plan = try VMPlan(id, spoken(desired.value, cluster), in: cluster)
        } catch {
            return error.description
        }
        if let pin = plan.request.pin, cluster.hosts[pin] == nil {
            return "host \(pin), to which it is pinned, is not live"
        }
        return refusal(of: plan.request, by: placement) ?? heldBack(id, cluster)
    }

    /// A VM that was somebody's is taken over, and that may have to wait.
    private static func heldBack(_ id: VMID, _ cluster: Cluster) -> String? {
        guard cluster.histories[id]?.value.clients.isEmpty == false else { return nil }
        if let position = cluster.takeoverSwitch?.value, position.state == .disarmed {
            return "takeovers are disarmed" + (position.reason.map { ": \($0)" } ?? "")
        }
        let reasons = cluster.hosts.sorted { $0.key < $1.key }.map(\.value.value.takeoversHeld)
        guard let first = reasons.first, let reason = first, !reasons.contains(nil) else {
            return nil
        }
        return "takeovers are held back: \(reason)"
    }

    /// Why no host can take it; nil where one can. Thousands of VMs may wait, so that the first host
    /// that can ends the search.
    private static func refusal(
        of request: PlacementRequest, by placement: Placement
    ) -> String? {
        var shown: [String] = []
        var count = 0
        for host in placement.offers.map(\.host) {
            let reasons = placement.refusals(of: request, by: host) ?? []
            if reasons.isEmpty { return nil }
            guard request.pin == nil || request.pin == host else { continue }
            count += 1
            guard count <= hostsShown else { continue }
            shown.append("\(host): " + reasons.map(\.description).joined(separator: " and "))
        }
        let more = count - shown.count
        return "no host can take it: " + shown.joined(separator: "; ")
            + (more > 0 ? "; and \(more) more" : "")
    }

    /// The record with names in place of ids, since its words are for people.
    private static func spoken(_ desired: DesiredVM, _ cluster: Cluster) -> DesiredVM {
        var spoken = desired
        spoken.flavour = cluster.flavourWord(desired.flavour)
        spoken.image = cluster.imageWord(desired.image)
        return spoken
    }
}

extension Cluster {
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
