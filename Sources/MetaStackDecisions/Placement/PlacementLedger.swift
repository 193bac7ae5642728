public import MetaStackModel

/// What placement needs to know of the records, kept up with every change of theirs instead of
/// being read from all of them: a node looks at it for each VM of a herd.
///
/// It holds what ``Placement`` and ``Assignment`` would hold if they were made afresh from the same
/// records, whatever the way that led there. Whoever changes the records says so in two steps,
/// since a claim that goes must be known when it is gone:
/// ```
/// let before = ledger.commitments(of: vms, in: cluster)
/// …change the records…
/// ledger.follow(changed, from: before, in: cluster)
/// ```
public struct PlacementLedger: Sendable {
    /// The hosts with what claims have left of them.
    public private(set) var placement: Placement
    /// What VMs ask that shall run and that nobody owns; nil where nobody can run one.
    private var requests: [VMID: PlacementRequest?] = [:]
    /// VMs of which something is left that nobody wants or owns.
    private var leftBehind: Set<VMID> = []
    /// Made when it is first asked for; nil again when it does not hold any more.
    private var assignment: Assignment?
    /// Whether any VM's turn may be another's since this was last asked.
    private var hasShifted = false

    public init(_ cluster: Cluster) {
        placement = Placement(cluster)
        let vms = Set(cluster.desiredVMs.keys).union(cluster.volumes.keys)
            .union(cluster.histories.keys).union(cluster.addresses.holders)
        for vm in vms { note(vm, in: cluster) }
    }

    /// Whether a VM shall run and nobody owns it.
    public func isPending(_ vm: VMID) -> Bool { requests[vm] != nil }

    /// Whether nobody owns a VM that somebody wants or left behind.
    public func isUnowned(_ vm: VMID) -> Bool {
        requests[vm] != nil || leftBehind.contains(vm)
    }

    /// VMs that nobody owns and that somebody wants, or left behind.
    public var unowned: Set<VMID> { leftBehind.union(requests.keys) }

    /// Whose turn each pending VM is.
    public mutating func presentAssignment() -> Assignment {
        if let assignment { return assignment }
        // It would hold a copy of the placement for nothing.
        guard !requests.isEmpty else { return Assignment(of: [], on: placement) }
        let made = Assignment(of: requests.values.lazy.compactMap(\.self), on: placement)
        assignment = made
        return made
    }

    /// Who shall try to run a pending VM, and how many others before a certain host; nil where it
    /// is not pending or no host can run it.
    public mutating func turn(of vm: VMID, for me: HostID) -> (host: HostID, rank: Int?)? {
        guard let request = requests[vm] ?? nil, let host = presentAssignment()[vm] else {
            return nil
        }
        return (host, placement.rank(of: me, for: request, assigned: host))
    }

    /// Whether turns may have changed since the last call, beyond those of VMs that came or were
    /// claimed as foreseen.
    public mutating func takeShift() -> Bool {
        defer { hasShifted = false }
        return hasShifted
    }

    // MARK: Changes

    private mutating func shift() {
        assignment = nil
        hasShifted = true
    }

    /// What certain VMs take, before their records change.
    public struct Before: Sendable {
        fileprivate var commitments: [VMID: Commitment] = [:]
    }

    public func commitments(of vms: some Sequence<VMID>, in cluster: Cluster) -> Before {
        var before = Before()
        for vm in vms { before.commitments[vm] = Commitment(vm, in: cluster) }
        return before
    }

    /// Takes over what has become of the records.
    ///
    /// - Parameter before: of every VM that has a record among the changed.
    public mutating func follow(
        _ changed: Set<RecordKey>, from before: Before, in cluster: Cluster
    ) {
        var vms: Set<VMID> = []
        var hosts: Set<HostID> = []
        var followsReferences = false
        for key in changed {
            switch key {
            case .desiredVM(let vm), .actualVM(let vm), .history(let vm): vms.insert(vm)
            case .volume(let volume): vms.insert(volume.vm)
            case .decline(let vm, _): noteDecline(of: vm, in: cluster)
            case .host(let host), .desiredHost(let host): hosts.insert(host)
            case .flavour, .image, .actualImage, .sshKey, .network, .securityGroup:
                followsReferences = true
            case .address(let id): noteAddress(id, in: cluster)
            case .globalConfig, .arrival, .token: break
            }
        }
        noteVMs(vms, from: before, in: cluster)
        if placement.takeHosts(hosts, in: cluster) { shift() }
        if followsReferences { noteReferences(in: cluster) }
    }

    /// Whose an address was that is held no more its key does not say.
    private mutating func noteAddress(_ id: AddressID, in cluster: Cluster) {
        if let vm = cluster.addresses[id]?.value.vm {
            if cluster.isLeftBehind(vm) { leftBehind.insert(vm) }
        } else if !leftBehind.isEmpty {
            leftBehind = leftBehind.filter { cluster.isLeftBehind($0) }
        }
    }

    private mutating func noteDecline(of vm: VMID, in cluster: Cluster) {
        placement.takeDeclines(of: vm, in: cluster)
        if requests[vm] != nil { shift() }
    }

    /// The order is that of a new assignment: what was claimed, then what came behind all others.
    private mutating func noteVMs(
        _ vms: Set<VMID>, from before: Before, in cluster: Cluster
    ) {
        var foreseen: Set<VMID> = []
        var new: [PlacementRequest] = []
        for vm in vms {
            let known = requests[vm] ?? nil
            let former = before.commitments[vm]
            let commitment = Commitment(vm, in: cluster)
            let wasPending = requests[vm] != nil
            note(vm, in: cluster)
            let request = requests[vm] ?? nil
            if former != commitment {
                if let former { placement.release(former) }
                if let commitment { placement.commit(commitment) }
            }
            if former == nil, let known, let commitment, known.wishes.groups.isEmpty,
                commitment.isOf(known, on: assignment?[vm])
            {
                foreseen.insert(vm)
            } else if !wasPending, former == nil, commitment == nil {
                if let request { new.append(request) }
            } else if former != commitment || known != request {
                shift()
            }
        }
        if !foreseen.isEmpty, assignment?.take(foreseen) == false { shift() }
        for request in new.sorted(by: PlacementRequest.precedes)
        where assignment?.append(request) == false { shift() }
    }

    private mutating func noteReferences(in cluster: Cluster) {
        for (vm, known) in requests {
            let request = cluster.request(of: vm)
            // Why nobody can run it may be another reason now.
            if request == nil { hasShifted = true }
            guard request != known else { continue }
            requests[vm] = .some(request)
            shift()
        }
    }

    private mutating func note(_ vm: VMID, in cluster: Cluster) {
        requests[vm] = cluster.isPending(vm) ? .some(cluster.request(of: vm)) : nil
        if cluster.isLeftBehind(vm) {
            leftBehind.insert(vm)
        } else {
            leftBehind.remove(vm)
        }
    }
}
