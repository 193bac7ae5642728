import Logging
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import Synchronization

/// Ending guests, and giving up what they held. Release always follows the end of the domain.
extension GuestPerformer {
    func destroy(_ situation: GuestSituation, _ reason: String) async throws -> Outcome {
        try await hypervisor.destroy(situation.vm)
        log(situation).info("guest destroyed", metadata: ["reason": "\(reason)"])
        memory.state.withLock { _ = $0.shutdowns.removeValue(forKey: situation.vm) }
        return .acted
    }

    func shutDown(_ situation: GuestSituation) async throws -> Outcome {
        let known = try ownClaim(situation)
        if known.value.state != .stopping {
            return try await report(.stopping, nil, situation, history: askedToEnd(situation))
        }
        let now = clock.now
        let shutdown = memory.state.withLock { state in
            state.shutdowns[situation.vm] ?? Shutdown(since: now, askedAt: nil)
        }
        if shutdown.since.duration(to: now) >= settings.grace {
            return try await destroy(
                situation, "it did not shut down within \(settings.grace)")
        }
        if let askedAt = shutdown.askedAt, now < askedAt + settings.shutDownAgainAfter {
            return .again(after: now.duration(to: askedAt + settings.shutDownAgainAfter))
        }
        memory.state.withLock { state in
            state.shutdowns[situation.vm] = Shutdown(since: shutdown.since, askedAt: now)
        }
        try await hypervisor.shutDown(situation.vm)
        log(situation).info("guest asked to shut down")
        return .again(after: settings.shutDownAgainAfter)
    }

    /// Whoever sees the guest end must know that it was asked to, also on another host: by then it may
    /// have moved there, or nobody may want it to end any more.
    private func askedToEnd(_ situation: GuestSituation) -> VMHistory? {
        guard var history = situation.history?.value, !history.askedToEnd else { return nil }
        history.askedToEnd = true
        return history
    }

    /// The guest ended by itself. One that was seen to shut itself down has closed its disks. Any other's
    /// clients stay on record and are evicted before the next start: what its QEMU had sent may be on
    /// its way, and its lock would keep the next guest from writing for as long as Ceph waits for a
    /// client that says nothing, half a minute.
    func noteExit(_ exit: GuestExit, _ situation: GuestSituation) async throws -> Outcome {
        guard let wanted = situation.desired, var history = situation.history?.value else {
            return .settled
        }
        let ends = endsInARow(situation.vm, history)
        let verdict = RestartRules.verdict(
            exit, policy: wanted.value.restart, ends: ends, wasAsked: history.askedToEnd)
        history.crashes = ends
        history.lastExit = exit.words
        history.endedFor = verdict == .stays ? wanted.revision : nil
        // One that was on its way to another host may have arrived, and stand there: whoever has its
        // disks open is evicted.
        if case .shutDown = situation.exit, situation.claim?.value.move == nil {
            history.clients = []
        }
        log(situation).info(
            "guest ended", metadata: ["reason": "\(exit.words)", "then": "\(verdict)"])
        if verdict == .leaveToOthers {
            return try await decline(
                situation, "the guest ended \(ends) times in a row: \(exit.words)",
                history: history)
        }
        return try await note(exit, verdict, situation, history)
    }

    private func note(
        _ exit: GuestExit, _ verdict: RestartRules.Verdict, _ situation: GuestSituation,
        _ history: VMHistory
    ) async throws -> Outcome {
        let known = try ownClaim(situation)
        var claim = known.value
        claim.state = .stopped
        claim.message = exit.words
        if case .startAgain(let delay) = verdict {
            claim.state = .claimed
            claim.message = "starting again: \(exit.words)"
            let due = clock.now + delay
            memory.state.withLock { $0.startNotBefore[situation.vm] = due }
        }
        claim.incarnation = known.incarnation
        claim.clients = []
        claim.move = nil
        claim.desiredRevision = situation.desired?.revision
        claim.since = clock.timestamp
        return outcome(
            try await transactions.update(
                situation.vm, claim, known: known, history: history,
                knownHistory: situation.history, lease: situation.lease), situation)
    }

    /// A guest of which this agent does not know when it was started counts as one that lasted.
    private func endsInARow(_ vm: VMID, _ history: VMHistory) -> Int {
        guard let started = memory.state.withLock({ $0.startedAt.removeValue(forKey: vm) }),
            started.duration(to: clock.now) < RestartRules.lasting
        else { return 0 }
        return history.crashes + 1
    }

    /// Its clients stay on record: what they sent may still be on its way to the storage.
    func giveUp(_ situation: GuestSituation, _ reason: String) async throws -> Outcome {
        _ = try await destroy(situation, reason)
        return try await decline(situation, reason)
    }

    func release(_ situation: GuestSituation) async throws -> Outcome {
        let known = try ownClaim(situation)
        memory.state.withLock { _ = $0.shutdowns.removeValue(forKey: situation.vm) }
        log(situation).info("claim released, the guest is stopped")
        return outcome(
            try await transactions.release(
                situation.vm, known: known,
                history: situation.history?.value.ended(on: view.me, "stopped as wanted"),
                knownHistory: situation.history), situation)
    }

    /// Gives the claim back with the reason, so that another node may try; this one will again when
    /// the decline's lease has run out.
    func decline(
        _ situation: GuestSituation, _ reason: String, history: VMHistory? = nil
    ) async throws -> Outcome {
        let known = try ownClaim(situation)
        let before = memory.state.withLock { $0.declines[situation.vm, default: 0] }
        let ttl = min(settings.declineFor * (1 << min(before, 16)), settings.longestDecline)
        let lease = try await store.grantLease(ttl: ttl).lease
        log(situation).warning("declined", metadata: ["reason": "\(reason)"])
        let result = try await transactions.release(
            situation.vm, known: known, history: history, knownHistory: situation.history,
            decline: (Decline(reason: reason, at: clock.timestamp), lease: lease))
        // One that etcd did not take lets nobody else try, and counts for nothing.
        if case .written = result {
            memory.state.withLock { $0.declines[situation.vm] = before + 1 }
        }
        return outcome(result, situation)
    }

    func removeVolumes(_ situation: GuestSituation) async throws -> Outcome {
        let known = try ownClaim(situation)
        let volumes = situation.volumes.values.map(\.value)
        if let clients = situation.history?.value.clients, !clients.isEmpty,
            situation.history?.value.host != view.me
        {
            try await fence(clients, from: situation.writtenDisks)
            log(situation).info("former writers evicted, their disks go")
        }
        for volume in volumes {
            for image in volume.allImages { try await removeDisk(image, of: volume) }
        }
        if let time = timeForLatecomers(situation) { return .again(after: time) }
        log(situation).info("disks removed", metadata: ["volumes": "\(volumes.count)"])
        return try await forgetRecords(situation, known)
    }

    /// Addresses go with the last disk: nobody is given them while a guest may still have them.
    private func forgetRecords(
        _ situation: GuestSituation, _ known: Stored<ActualVM>
    ) async throws -> Outcome {
        outcome(
            try await transactions.forget(
                situation.vm, known: known, volumes: situation.volumes,
                addresses: situation.addresses), situation)
    }

    /// Where an attempt to make a disk came to nothing, what it had asked for may be done yet: the
    /// records keep its name until nothing of it can come any more, and the disks are removed again.
    private func timeForLatecomers(_ situation: GuestSituation) -> Duration? {
        let vm = situation.vm
        let isSettled = situation.volumes.values.allSatisfy {
            $0.value.provisioned && $0.value.discarded.isEmpty
        }
        let now = clock.now
        let since = memory.state.withLock { state in
            let since = state.removedSince[vm] ?? now
            state.removedSince[vm] = since
            return since
        }
        let left = isSettled ? .zero : now.duration(to: since + settings.makersLast)
        guard left <= .zero else { return left }
        memory.state.withLock { $0.removedSince[vm] = nil }
        return nil
    }

    /// Who has an image open keeps it from being removed, one that died for half a minute, unless it is
    /// evicted.
    func removeDisk(_ image: String, of volume: Volume) async throws {
        do {
            try await storage.remove(image, in: volume.pool)
        } catch {
            let writers = try await storage.writers(of: image, in: volume.pool)
            guard !writers.isEmpty else { throw error }
            try await fence(writers, from: [volume])
            try await storage.remove(image, in: volume.pool)
        }
    }

    func forget(_ situation: GuestSituation) async throws -> Outcome {
        let known = try ownClaim(situation)
        log(situation).info("nothing is left of the VM")
        return try await forgetRecords(situation, known)
    }

    /// Not before all that these clients had sent has arrived or is lost: they are no more, and it would be
    /// written over what the next guest wrote.
    func lift(_ gone: [EvictedClient], _ situation: GuestSituation) async throws -> Outcome {
        guard let known = situation.history else { return .settled }
        let now = clock.now
        let due = dates(of: gone.map(\.client), situation.vm, now)
        let evicted = gone.filter { due[$0.client, default: now] <= now }
        guard !evicted.isEmpty else {
            return .again(after: now.duration(to: due.values.min() ?? now))
        }
        do {
            try await storage.liftEvictions(of: evicted.map(\.client))
        } catch {
            // The entries run out by themselves; nobody waits for this.
            log(situation).warning("cannot lift evictions", metadata: ["error": "\(error)"])
            return .again(after: .seconds(600))
        }
        var history = known.value
        history.evicted.removeAll { evicted.contains($0) }
        memory.state.withLock { state in
            for each in evicted { state.goneSince[situation.vm]?[each.client] = nil }
        }
        log(situation).info("evictions lifted", metadata: ["clients": "\(evicted.count)"])
        return outcome(
            try await transactions.update(situation.vm, history: history, known: known), situation)
    }
}

extension GuestPerformer {
    /// When what each of these clients had sent has arrived or is lost; from now on those are remembered
    /// that were not known to be gone.
    private func dates(
        of clients: [StorageClient], _ vm: VMID, _ now: ContinuousClock.Instant
    ) -> [StorageClient: ContinuousClock.Instant] {
        memory.state.withLock { state in
            let known = state.goneSince[vm] ?? [:]
            let since = clients.map { ($0, known[$0] ?? now) }
            state.goneSince[vm] = Dictionary(since) { first, _ in first }
            return state.goneSince[vm]?.mapValues { $0 + storage.latecomersLast } ?? [:]
        }
    }
}

extension GuestExit {
    /// For people.
    fileprivate var words: String {
        switch self {
        case .shutDown: "the guest shut itself down"
        case .crashed(let reason): reason
        }
    }
}
