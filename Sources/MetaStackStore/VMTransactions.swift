public import MetaStackModel

/// A VM that a node wants to own, with the volume records that provisioning will need.
public struct ClaimOrder: Sendable {
    public var vm: VMID
    /// The revision of the desired record that it rests on.
    public var wanted: MetaStackModel.Revision
    public var claim: ActualVM
    /// `known` is the revision that was read; nil where there was no such record.
    public var volumes: [(id: VolumeID, volume: Volume, known: MetaStackModel.Revision?)]
    /// The image that a disk is made from; nil where none has to be made.
    public var image: (id: ImageID, revision: MetaStackModel.Revision)?
    /// What its NICs get, and give back; `held` is nil for what goes, `known` for what was not there.
    public var addresses: [(id: AddressID, held: HeldAddress?, known: MetaStackModel.Revision?)]

    public init(
        vm: VMID, wanted: MetaStackModel.Revision, claim: ActualVM,
        volumes: [(id: VolumeID, volume: Volume, known: MetaStackModel.Revision?)],
        image: (id: ImageID, revision: MetaStackModel.Revision)?,
        addresses: [(id: AddressID, held: HeldAddress?, known: MetaStackModel.Revision?)] = []
    ) {
        self.vm = vm
        self.wanted = wanted
        self.claim = claim
        self.volumes = volumes
        self.image = image
        self.addresses = addresses
    }

    /// What its claim compares; it writes less.
    var conditions: Int { 2 + volumes.count + (image == nil ? 0 : 1) + addresses.count }
}

/// The transactions of the protocol, one function each. What must still be true stands in each one's
/// comment; where it is not, nothing is written and the node looks again.
public struct VMTransactions: Sendable {
    private let store: ClusterStore
    private let me: HostID

    public init(store: ClusterStore, me: HostID) {
        self.store = store
        self.me = me
    }

    /// etcd's limit for a transaction (`--max-txn-ops`), of conditions as of operations.
    private static let mostConditions = 128

    /// How many claims fit into one transaction that have up to four conditions each, which are those
    /// without addresses; the lease is one more.
    public static let claimsAtOnce = 31

    /// How many of the claims in front fit into one transaction; at least the first.
    public static func fitting(_ orders: some Sequence<ClaimOrder>) -> Int {
        var left = mostConditions - 1
        var count = 0
        for order in orders {
            left -= order.conditions
            guard left >= 0 || count == 0, count < claimsAtOnce else { break }
            count += 1
        }
        return count
    }

    /// Nobody owns the VMs, each is wanted as it was read, this node's lease is alive, and where a
    /// disk has to be made, its image is not on its way out; nobody has the addresses that are new,
    /// and those that the VM has are as they were read. All or none.
    ///
    /// - Parameter orders: as many as ``fitting(_:)`` says, each for another VM and other addresses.
    public func claim(_ orders: [ClaimOrder], lease: LeaseNumber) async throws -> WriteResult {
        try await store.write(
            orders.flatMap { order -> [RecordWrite] in
                [.put(.actualVM(order.vm), order.claim, lease: lease)]
                    + order.volumes.map { .put(.volume($0.id), $0.volume) }
                    + Self.writes(of: order.addresses)
            },
            if: [.underLease(.host(me), lease)]
                + orders.flatMap { order -> [RecordCondition] in
                    [.unchanged(.desiredVM(order.vm), since: order.wanted)]
                        + [.absent(.actualVM(order.vm))]
                        + order.volumes.map { unchanged(.volume($0.id), $0.known) }
                        + order.addresses.map { unchanged(.address($0.id), $0.known) }
                        + [order.image].compactMap(\.self).map {
                            .unchanged(.actualImage($0.id), since: $0.revision)
                        }
                })
    }

    /// Nobody owns the VM and nobody has owned it since the guest here lost its claim.
    public func claimInPlace(
        _ vm: VMID, wanted: Stored<DesiredVM>, as claim: ActualVM, history: Stored<VMHistory>,
        lease: LeaseNumber
    ) async throws -> WriteResult {
        try await store.write(
            [.put(.actualVM(vm), claim, lease: lease)],
            if: [
                .unchanged(.desiredVM(vm), since: wanted.revision), .absent(.actualVM(vm)),
                .unchanged(.history(vm), since: history.revision), .underLease(.host(me), lease),
            ])
    }

    /// Nobody owns the VM, and the record that made it superfluous is as it was read.
    public func claimToCleanUp(
        _ vm: VMID, desired: Stored<DesiredVM>?, as claim: ActualVM, lease: LeaseNumber
    ) async throws -> WriteResult {
        try await store.write(
            [.put(.actualVM(vm), claim, lease: lease)],
            if: [
                unchanged(.desiredVM(vm), desired?.revision), .absent(.actualVM(vm)),
                .underLease(.host(me), lease),
            ])
    }

    /// The claim is this node's as it was read, the VM's record still asks for these NICs, and nobody has
    /// the addresses that are new; those that the VM has are as they were read.
    public func changeNICs(
        _ vm: VMID, _ claim: ActualVM, known: Stored<ActualVM>,
        wanted: MetaStackModel.Revision,
        addresses: [(id: AddressID, held: HeldAddress?, known: MetaStackModel.Revision?)],
        lease: LeaseNumber
    ) async throws -> WriteResult {
        try await store.write(
            [.put(.actualVM(vm), claim, lease: lease)] + Self.writes(of: addresses),
            if: [
                .unchanged(.actualVM(vm), since: known.revision),
                .unchanged(.desiredVM(vm), since: wanted),
            ] + addresses.map { unchanged(.address($0.id), $0.known) })
    }

    private static func writes(
        of addresses: [(id: AddressID, held: HeldAddress?, known: MetaStackModel.Revision?)]
    ) -> [RecordWrite] {
        addresses.map { id, held, _ in
            held.map { .put(.address(id), $0) } ?? .delete(.address(id))
        }
    }

    /// The claim is this node's as it was read.
    public func update(
        _ vm: VMID, _ claim: ActualVM, known: Stored<ActualVM>, lease: LeaseNumber
    ) async throws -> WriteResult {
        try await store.write(
            [.put(.actualVM(vm), claim, lease: lease)],
            if: [.unchanged(.actualVM(vm), since: known.revision)])
    }

    /// The claim and the history are as they were read: so whoever is on record now is all who
    /// could write until the next owner.
    public func update(
        _ vm: VMID, _ claim: ActualVM, known: Stored<ActualVM>, history: VMHistory,
        knownHistory: Stored<VMHistory>?, lease: LeaseNumber
    ) async throws -> WriteResult {
        try await store.write(
            [.put(.actualVM(vm), claim, lease: lease), .put(.history(vm), history)],
            if: [
                .unchanged(.actualVM(vm), since: known.revision),
                unchanged(.history(vm), knownHistory?.revision),
            ])
    }

    /// The claim is this node's as it was read, and so is the volume, or its absence.
    public func update(
        _ id: VolumeID, _ volume: Volume, known: Stored<Volume>?, claim: Stored<ActualVM>
    ) async throws -> WriteResult {
        try await store.write(
            [.put(.volume(id), volume)],
            if: [
                unchanged(.volume(id), known?.revision),
                .unchanged(.actualVM(id.vm), since: claim.revision),
            ])
    }

    /// The claim is as it was read, and this node's lease is alive.
    public func answer(
        _ vm: VMID, _ arrival: Arrival, claim: Stored<ActualVM>, lease: LeaseNumber
    ) async throws -> WriteResult {
        try await store.write(
            [.put(.arrival(vm), arrival, lease: lease)],
            if: [
                .unchanged(.actualVM(vm), since: claim.revision), .underLease(.host(me), lease),
            ])
    }

    /// The answer is as it was read.
    public func withdrawAnswer(
        _ vm: VMID, known: Stored<Arrival>
    ) async throws -> WriteResult {
        try await store.write(
            [.delete(.arrival(vm))], if: [.unchanged(.arrival(vm), since: known.revision)])
    }

    /// The claim is this node's as it was read, and so are the history and the target's answer, whose
    /// lease is alive: from here on the VM is the target's, under that lease.
    public func handOver(
        _ vm: VMID, _ claim: ActualVM, known: Stored<ActualVM>, history: VMHistory?,
        knownHistory: Stored<VMHistory>?, arrival: Stored<Arrival>, lease: LeaseNumber
    ) async throws -> WriteResult {
        var writes: [RecordWrite] = [
            .put(.actualVM(vm), claim, lease: lease), .delete(.arrival(vm)),
        ]
        if let history { writes.append(.put(.history(vm), history)) }
        return try await store.write(
            writes,
            if: [
                .unchanged(.actualVM(vm), since: known.revision),
                unchanged(.history(vm), knownHistory?.revision),
                .unchanged(.arrival(vm), since: arrival.revision),
                .underLease(.host(claim.host), lease),
            ])
    }

    /// The claim is this node's as it was read; its domain is gone.
    public func release(
        _ vm: VMID, known: Stored<ActualVM>, history: VMHistory?,
        knownHistory: Stored<VMHistory>?, decline: (Decline, lease: LeaseNumber)? = nil
    ) async throws -> WriteResult {
        var writes: [RecordWrite] = [.delete(.actualVM(vm))]
        var conditions: [RecordCondition] = [.unchanged(.actualVM(vm), since: known.revision)]
        if let history {
            writes.append(.put(.history(vm), history))
            conditions.append(unchanged(.history(vm), knownHistory?.revision))
        }
        if let decline {
            writes.append(.put(.decline(vm, me), decline.0, lease: decline.lease))
        }
        return try await store.write(writes, if: conditions)
    }

    /// The claim is this node's as it was read; the VM's domain and all of its images are gone.
    ///
    /// What a VM has come to hold one after the other may be more than goes into one transaction: the
    /// claim stays until the last of it.
    public func forget(
        _ vm: VMID, known: Stored<ActualVM>, volumes: [VolumeID: Stored<Volume>],
        addresses: [AddressID: Stored<HeldAddress>]
    ) async throws -> WriteResult {
        let gone =
            volumes.map { (key: RecordKey.volume($0.key), revision: $0.value.revision) }
            + addresses.sorted { $0.key < $1.key }
            .map { (key: RecordKey.address($0.key), revision: $0.value.revision) }
        let now = gone.prefix(Self.mostConditions - 4)
        var writes: [RecordWrite] = now.map { .delete($0.key) }
        if now.count == gone.count {
            writes += [.delete(.history(vm)), .deleteDeclines(of: vm), .delete(.actualVM(vm))]
        }
        return try await store.write(
            writes,
            if: [.unchanged(.actualVM(vm), since: known.revision)]
                + now.map { .unchanged($0.key, since: $0.revision) })
    }

    /// The history is as it was read; the domains of these clients are gone from this host.
    public func update(
        _ vm: VMID, history: VMHistory, known: Stored<VMHistory>
    ) async throws -> WriteResult {
        try await store.write(
            [.put(.history(vm), history)], if: [.unchanged(.history(vm), since: known.revision)])
    }

    private func unchanged(
        _ key: RecordKey, _ revision: MetaStackModel.Revision?
    ) -> RecordCondition {
        revision.map { .unchanged(key, since: $0) } ?? .absent(key)
    }
}
