import Foundation
import Logging
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import Synchronization

/// The order that nobody may change: evict, create paused, record, resume.
extension GuestPerformer {
    func start(_ situation: GuestSituation) async throws -> Outcome {
        let claim = try ownClaim(situation)
        let now = clock.now
        if let due = memory.state.withLock({ $0.startNotBefore[situation.vm] }), now < due {
            return .again(after: now.duration(to: due))
        }
        do {
            let volumes = situation.writtenDisks
            let (evicted, present) = try await evictFormerWriters(situation, of: volumes)
            let clients = try await createPaused(situation, claim, volumes, known: present)
            return try await record(clients, evicted, situation, claim, began: now)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            log(situation).error("cannot start the guest", metadata: ["error": "\(error)"])
            if try await hypervisor.domain(of: situation.vm) != nil {
                try await hypervisor.destroy(situation.vm)
            }
            return try await decline(situation, "\(error)")
        }
    }

    /// Everybody who may still write: those on record, those who watch, those who hold the lock. A
    /// VM that nobody ever ran has none.
    ///
    /// - Returns: who was evicted, and who had the disks open or locked before that.
    private func evictFormerWriters(
        _ situation: GuestSituation, of volumes: [Volume]
    ) async throws -> (evicted: [StorageClient], present: Set<StorageClient>) {
        guard let history = situation.history?.value, !history.clients.isEmpty else {
            return ([], try await writers(of: volumes))
        }
        let began = clock.now
        // Ceph's monitors put what arrives within 50 ms into one change of their map, and what comes
        // later waits for up to a second. So all heirs of a host ask at once, and look for others
        // meanwhile.
        async let recordedAreEvicted: Void = storage.evict(history.clients)
        let present = try await writers(of: volumes)
        try await recordedAreEvicted
        let others = present.subtracting(history.clients)
        if !others.isEmpty { try await storage.evict(others.sorted()) }
        let clients = others.union(history.clients).sorted()
        try await breakLocks(of: volumes, heldBy: clients)
        let now = clock.timestamp
        memory.state.withLock { $0.takeovers[situation.vm]?.evicted = now }
        log(situation).info(
            "former writers evicted",
            metadata: [
                "clients": "\(clients.map(\.address).joined(separator: " "))",
                "host": "\(history.host)", "after": "\(history.incarnation)",
                "duration_ms": milliseconds(since: began),
            ])
        return (clients, present)
    }

    /// From here on these clients can write no disk, and none of these disks is locked by them.
    func fence(_ clients: [StorageClient], from volumes: [Volume]) async throws {
        try await storage.evict(clients)
        try await breakLocks(of: volumes, heldBy: clients)
    }

    private func breakLocks(of volumes: [Volume], heldBy clients: [StorageClient]) async throws {
        for volume in volumes {
            try await storage.breakLocks(of: volume.image, in: volume.pool, heldBy: clients)
        }
    }

    /// - Returns: the storage clients of the new domain: the disks' watchers that were not there
    ///   before.
    private func createPaused(
        _ situation: GuestSituation, _ claim: Stored<ActualVM>, _ volumes: [Volume],
        known: Set<StorageClient>
    ) async throws -> [StorageClient] {
        guard let wanted = situation.desired, let uuid = claim.value.vmUUID else {
            throw GuestStepError.notOwned(situation.vm)
        }
        let began = clock.now
        let disks = try await disks(of: situation)
        view.change { $0.forgetExit(of: situation.vm) }
        let guest = GuestSpecification(
            vm: situation.vm, uuid: uuid, name: wanted.value.name, ram: claim.value.ram,
            vcpus: claim.value.vcpus, disks: disks,
            nics: try await nics(of: situation.vm, claim.value),
            incarnation: claim.incarnation, vmCreateRevision: wanted.createRevision,
            console: claim.value.console)
        try await starts.run(priority: wanted.value.placement.priority) {
            try await hypervisor.create(guest)
        }
        let clients = try await ownClients(
            among: try await writers(of: volumes).subtracting(known), situation)
        log(situation).info(
            "guest created paused",
            metadata: [
                "clients": "\(clients.map(\.address).joined(separator: " "))",
                "duration_ms": milliseconds(since: began),
            ])
        return clients
    }

    /// The boot disk first. A seed's record may be there though its guest has none any more.
    private func disks(of situation: GuestSituation) async throws -> [GuestDisk] {
        var disks: [GuestDisk] = []
        for (id, volume) in situation.volumes.sorted(by: { $0.key < $1.key })
        where volume.value.provisioned {
            let disk = try await storage.disk(volume.value.image, in: volume.value.pool)
            disks.append(id.isReadOnly ? disk.readOnly : disk)
        }
        return disks
    }

    /// A node that acts on an old view may have opened the disk at the same time: its client has no
    /// business there, and only that node could say when it is gone.
    private func ownClients(
        among new: Set<StorageClient>, _ situation: GuestSituation
    ) async throws -> [StorageClient] {
        var own: [StorageClient] = []
        var strangers: [StorageClient] = []
        for client in new.sorted() {
            if try await storage.isLocal(client) {
                own.append(client)
            } else {
                strangers.append(client)
            }
        }
        guard !own.isEmpty else { throw GuestStepError.noClients(situation.vm) }
        if !strangers.isEmpty {
            try await fence(strangers, from: situation.writtenDisks)
            log(situation).warning(
                "another host opened the disk meanwhile, evicted it",
                metadata: ["clients": "\(strangers.map(\.address).joined(separator: " "))"])
        }
        return own
    }

    func writers(of volumes: [Volume]) async throws -> Set<StorageClient> {
        var writers: Set<StorageClient> = []
        for volume in volumes {
            writers.formUnion(try await storage.writers(of: volume.image, in: volume.pool))
        }
        return writers
    }

    /// Only from here may the guest run: whoever takes over next reads here whom to evict.
    private func record(
        _ clients: [StorageClient], _ evicted: [StorageClient], _ situation: GuestSituation,
        _ known: Stored<ActualVM>, began: ContinuousClock.Instant
    ) async throws -> Outcome {
        var claim = known.value
        claim.state = .starting
        claim.incarnation = known.incarnation
        claim.clients = clients
        claim.desiredRevision = situation.desired?.revision
        claim.since = clock.timestamp
        claim.message = nil
        claim.move = nil
        claim.bootedOn = nil
        let result = try await transactions.update(
            situation.vm, claim, known: known,
            history: history(recording: clients, evicted, situation, known),
            knownHistory: situation.history, lease: situation.lease)
        guard case .written(let revision) = result else {
            log(situation).warning("claim or history changed before the guest was recorded")
            try await hypervisor.destroy(situation.vm)
            return .acted
        }
        log(situation).info("guest recorded", metadata: ["revision": "\(revision)"])
        guard isProven(situation) else {
            view.noteOwnWrite(situation.vm, revision)
            return .acted
        }
        try await hypervisor.resume(situation.vm)
        log(situation).info(
            "guest resumed", metadata: ["duration_ms": milliseconds(since: began)])
        let now = clock.now
        memory.state.withLock { state in
            state.declines[situation.vm] = nil
            state.takeovers[situation.vm] = nil
            state.nicTries[situation.vm] = nil
            state.startedAt[situation.vm] = now
        }
        view.noteOwnWrite(situation.vm, revision)
        return .acted
    }

    private func history(
        recording clients: [StorageClient], _ evicted: [StorageClient],
        _ situation: GuestSituation, _ claim: Stored<ActualVM>
    ) -> VMHistory {
        let former = situation.history?.value
        let now = clock.timestamp
        // Of others nobody knows whose they are: their evictions run out by themselves.
        let recorded = Set(former?.clients ?? [])
        let newlyEvicted = evicted.filter(recorded.contains).map {
            EvictedClient(client: $0, host: former?.host ?? view.me, at: now)
        }
        let known = (former?.evicted ?? []).filter { !evicted.contains($0.client) }
        var takeovers = former?.takeovers ?? []
        if var takeover = memory.state.withLock({ $0.takeovers[situation.vm] }),
            takeover.incarnation == claim.incarnation
        {
            takeover.started = now
            takeovers = (takeovers + [takeover]).suffix(VMHistory.takeoversKept)
        }
        return VMHistory(
            vmCreateRevision: situation.desired?.createRevision ?? claim.createRevision,
            host: view.me, incarnation: claim.incarnation, clients: clients,
            evicted: known + newlyEvicted, boots: (former?.boots ?? 0) + 1,
            lastExit: former?.lastExit, crashes: former?.crashes ?? 0,
            movedFor: former?.movedFor, takeovers: takeovers,
            rest: former?.rest ?? [:])
    }
}
