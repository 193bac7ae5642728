import MetaStackModel

extension Check {
    /// Addresses that are held for nobody: nodes give them back, where one is live.
    static func addresses(_ cluster: Cluster, _ patient: Patient) -> [Finding] {
        cluster.addresses.holders.sorted().flatMap { vm in
            let held = cluster.addresses.held(by: vm)
            let gone = held.filter { !cluster.mayBe(vm, created: $0.held.value.vmCreateRevision) }
            let lost = held.filter { cluster.networks[$0.id.network] == nil }
            return [
                gone.isEmpty
                    ? nil
                    : Finding(
                        .notice, .vm, ids: [vm.text],
                        "\(words(gone.map(\.id), in: cluster)) held for a vm \(vm) that is no more: a "
                            + "live node gives back what it held", remedy: "metastack host list"),
                lost.isEmpty
                    ? nil
                    : Finding(
                        .notice, .vm, ids: [vm.text],
                        "\(words(lost.map(\.id), in: cluster)) held by vm "
                            + "\(VMOverview(vm, in: cluster).name), and there is no such network",
                        remedy: "metastack vm nic list \(vm)"),
            ].compactMap(\.self)
        }
    }

    private static func words(_ ids: [AddressID], in cluster: Cluster) -> String {
        let shown = ids.prefix(3).map {
            "\($0.address) of network \(cluster.networks[$0.network]?.value.name.text ?? $0.network.text)"
        }.joined(separator: ", ")
        let more = ids.count > 3 ? " and \(ids.count - 3) more" : ""
        return shown + more + (ids.count == 1 ? " is" : " are")
    }
}

extension Cluster {
    /// Whether a VM is there, is being removed, or cannot be read.
    fileprivate func mayBe(_ vm: VMID, created: Revision) -> Bool {
        if malformed[RecordKey.desiredVM(vm).path] != nil { return true }
        if malformed[RecordKey.actualVM(vm).path] != nil { return true }
        return desiredVMs[vm]?.createRevision == created
            || actualVMs[vm]?.value.desiredCreateRevision == created
    }
}
