public import MetaStackModel

extension Cluster {
    /// What the VMs ask that shall run and that nobody owns, as far as the records say.
    public var pendingRequests: [PlacementRequest] {
        desiredVMs.keys.compactMap { isPending($0) ? request(of: $0) : nil }
    }

    /// Whether a VM shall run and nobody owns it.
    func isPending(_ vm: VMID) -> Bool {
        guard actualVMs[vm] == nil, let desired = desiredVMs[vm] else { return false }
        return desired.value.state == .start
            && histories[vm]?.value.endedFor != desired.revision
    }

    /// Whether something is left of a VM that nobody wants or owns any more.
    func isLeftBehind(_ vm: VMID) -> Bool {
        guard actualVMs[vm] == nil else { return false }
        let wanted = desiredVMs[vm]?.createRevision
        if let history = histories[vm], history.value.vmCreateRevision != wanted { return true }
        if volumes[vm]?.values.contains(where: { $0.value.vmCreateRevision != wanted }) == true {
            return true
        }
        return addresses.held(by: vm).contains { $0.held.value.vmCreateRevision != wanted }
    }

    /// nil where nobody can run it.
    ///
    /// Addresses are looked for by whoever is about to claim it: a MAC address is another VM's so
    /// hardly ever that each node need not look through all claims for it, and a network that has no
    /// address left lets its VMs wait where they are assigned.
    func request(of vm: VMID) -> PlacementRequest? {
        guard let desired = desiredVMs[vm]?.value else { return nil }
        // Its reason is for whoever asks.
        return try? VMPlan(vm, desired, in: self, checkingAddresses: false).request
    }
}
