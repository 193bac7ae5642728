import Foundation
import Logging
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import Synchronization

/// Disks, and the order that nobody may change: evict, create paused, record, resume.
extension GuestPerformer {
    func provision(_ id: VolumeID, _ situation: GuestSituation) async throws -> Outcome {
        try await make(id, situation) { volume in
            guard let source = source(of: volume) else {
                throw GuestStepError.imageNotReady(id, volume.source)
            }
            return try await storage.clone(
                source, as: volume.image, in: volume.pool, size: volume.size)
        }
    }

    /// Makes the image that a volume's record describes, under a name that was never tried before.
    ///
    /// - Parameter making: returns the image's size.
    func make(
        _ id: VolumeID, _ situation: GuestSituation,
        by making: (Volume) async throws -> Mebibytes
    ) async throws -> Outcome {
        let claim = try ownClaim(situation)
        guard let known = situation.volumes[id] else { return .settled }
        var volume = known.value
        guard isUnused(volume.image, of: id) else {
            return try await nameAnew(id, known, claim, situation)
        }
        let image = DiskImage(pool: volume.pool, name: volume.image)
        let began = clock.now
        do {
            for name in volume.discarded { try await removeDiscarded(name, of: volume, id) }
            view.noteMaking(image, of: situation.vm)
            volume.size = try await making(volume)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            return try await decline(situation, "\(error)")
        }
        volume.provisioned = true
        log(situation).info(
            "disk made",
            metadata: [
                "image": "\(volume.image)", "pool": "\(volume.pool)",
                "duration_ms": milliseconds(since: began),
            ])
        let result = try await transactions.update(id, volume, known: known, claim: claim)
        if case .written = result { view.noteMade(image, of: situation.vm) }
        return outcome(result, situation)
    }

    /// What was discarded of a root disk nobody has open but who tries to make it. A seed may have been
    /// whole, and the QEMU of a host that died watches it for half a minute.
    private func removeDiscarded(
        _ name: String, of volume: Volume, _ id: VolumeID
    ) async throws {
        if id.isReadOnly {
            try await removeDisk(name, of: volume)
        } else {
            try await storage.remove(name, in: volume.pool)
        }
    }

    /// Whether nobody has tried to make the image yet, and nobody but this attempt will.
    private func isUnused(_ name: String, of id: VolumeID) -> Bool {
        memory.state.withLock { state in
            guard state.unusedNames[id] == name else { return false }
            state.unusedNames[id] = nil
            return true
        }
    }

    /// What an earlier attempt asked of the storage, that of an agent which died included, may be done
    /// later than what this one asks. So each has a name of its own.
    private func nameAnew(
        _ id: VolumeID, _ known: Stored<Volume>, _ claim: Stored<ActualVM>,
        _ situation: GuestSituation
    ) async throws -> Outcome {
        var volume = known.value
        volume.discarded = volume.attempts
        volume.image = freshName(of: id)
        return outcome(
            try await transactions.update(id, volume, known: known, claim: claim), situation)
    }

    func removeOrphans(
        _ images: [DiskImage], _ situation: GuestSituation
    ) async throws -> Outcome {
        for image in images {
            try await storage.remove(image.name, in: image.pool)
            view.noteMade(image, of: situation.vm)
            log(situation).info(
                "disk removed that was made too late", metadata: ["image": "\(image.name)"])
        }
        return .settled
    }

    private func source(of volume: Volume) -> VMPlan.ImageSource? {
        volume.source.flatMap { view.cluster.actualImages[$0]?.value }
            .flatMap(VMPlan.ImageSource.init)
    }

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

    /// An evicted guest never writes again and starts anew; one that was not may try again when the
    /// storage is back.
    func examineWriteError(_ situation: GuestSituation) async throws -> Outcome {
        let claim = try ownClaim(situation)
        let vm = situation.vm
        let evicted = try await storage.evicted(among: claim.value.clients)
        guard evicted.isEmpty else {
            let reason = "its storage clients were evicted"
            _ = try await destroy(situation, reason)
            var ended = situation
            ended.exit = .crashed(reason: reason)
            return try await noteExit(.crashed(reason: reason), ended)
        }
        let message = "the guest stopped at a write error of its disk and tries again"
        if claim.value.state != .paused || claim.value.message != message {
            return try await report(.paused, message, situation)
        }
        let now = clock.now
        let due = memory.state.withLock { state in
            let due = state.triedAgainAt[vm].map { $0 + settings.resumeAgainAfter } ?? now
            if due <= now { state.triedAgainAt[vm] = now }
            return due
        }
        guard due <= now else { return .again(after: now.duration(to: due)) }
        log(situation).info("guest stopped at a write error tries again")
        return try await resume(situation)
    }

    func resume(_ situation: GuestSituation) async throws -> Outcome {
        // The view may be old where the node was cut off: the claim is read past it.
        let claim = try ownClaim(situation)
        guard try await store.read(.actualVM(situation.vm))?.revision == claim.revision else {
            return .again(after: .milliseconds(20))
        }
        // One that was claimed again in place, or has come from another host. What is only on record
        // keeps no guest from going on.
        let ends = Set(situation.domain?.nics.map(\.interface) ?? [])
        try await networkPlaces(
            for: claim.value.guestNICs(of: situation.vm).filter {
                $0.interface.map(ends.contains) == true
            })
        guard isProven(situation) else { return .settled }
        try await hypervisor.resume(situation.vm)
        log(situation).info("guest resumed")
        return .acted
    }

    /// An agent that was stopped while it waited for an answer may hold it long after its lease: the
    /// guest stays paused then, until a new session has found out whose it is.
    func isProven(_ situation: GuestSituation) -> Bool {
        view.provenLease(at: clock.now) == situation.lease
    }

    /// - Parameter history: what is put on record with it; nil for nothing.
    func report(
        _ state: ActualVM.State, _ message: String?, _ situation: GuestSituation,
        history: VMHistory? = nil
    ) async throws -> Outcome {
        let known = try ownClaim(situation)
        var claim = known.value
        if claim.state != state { claim.since = clock.timestamp }
        claim.state = state
        claim.message = message
        claim.incarnation = known.incarnation
        claim.desiredRevision = situation.desired?.revision
        let result =
            if let history {
                try await transactions.update(
                    situation.vm, claim, known: known, history: history,
                    knownHistory: situation.history, lease: situation.lease)
            } else {
                try await transactions.update(
                    situation.vm, claim, known: known, lease: situation.lease)
            }
        if case .written = result {
            log(situation).info("state published", metadata: ["state": "\(state.rawValue)"])
        }
        return outcome(result, situation)
    }
}
