import MetaStackModel

/// The protocol of one VM on one node as a function from what is so to what to do next.
///
/// Level, not edge: it looks at states and never at what changed, so that a lost or repeated event
/// changes nothing and a node that starts in the midst of anything goes on from there.
public enum GuestRules {
    public static func next(_ situation: GuestSituation) -> GuestStep {
        if let malformed = situation.malformed { return .handsOff(malformed) }
        // A VM that waits for room or for a switch may wait for ever, and its answer must not.
        if situation.claim == nil, situation.domain == nil, hasStaleAnswer(situation) {
            return .withdrawAnswer
        }
        let step = stepOfOwner(situation)
        // Housekeeping comes when nothing else is to be done, and so never in a guest's way.
        guard step == .none else { return step }
        if !situation.orphans.isEmpty { return .removeOrphans(situation.orphans) }
        return hasStaleAnswer(situation) ? .withdrawAnswer : liftEvictions(situation)
    }

    /// Whether this node has answered a move that has come to its end.
    private static func hasStaleAnswer(_ situation: GuestSituation) -> Bool {
        guard situation.arrival?.value.host == situation.me else { return false }
        guard let claim = situation.claim, claim.value.host != situation.me,
            claim.value.move?.to == situation.me
        else { return true }
        return !isAnswered(situation, claim)
    }

    private static func stepOfOwner(_ situation: GuestSituation) -> GuestStep {
        guard let claim = situation.claim else { return withoutClaim(situation) }
        return claim.value.host == situation.me
            ? withOwnClaim(situation, claim) : withForeignClaim(situation, claim)
    }

    /// Where all is as it should be, a domain that is here is the claim's own: those of clients that
    /// were evicted from this host earlier are gone.
    ///
    /// Not while somebody is about to start the guest, or moves it: that one's record of it rests on the
    /// same history.
    private static func liftEvictions(_ situation: GuestSituation) -> GuestStep {
        guard !isAboutToStart(situation), situation.claim?.value.move == nil else { return .none }
        let mine = situation.history?.value.evicted.filter { $0.host == situation.me } ?? []
        return mine.isEmpty ? .none : .liftEvictions(mine)
    }

    private static func isAboutToStart(_ situation: GuestSituation) -> Bool {
        guard let claim = situation.claim else {
            return situation.desired?.value.state == .start
        }
        switch claim.value.state {
        case .claimed, .starting: return true
        case .running, .paused, .suspended, .stopping, .stopped, .failed, .deleting: return false
        }
    }

    // MARK: Nobody owns the VM

    private static func withoutClaim(_ situation: GuestSituation) -> GuestStep {
        if let domain = situation.domain {
            return mayGoOn(domain, situation)
                ? .claimInPlace(domain)
                : .destroyStray(domain, reason: "no claim covers it and its VM has moved on")
        }
        if let leftover = leftover(situation) {
            return .claimToCleanUp(vmCreateRevision: leftover)
        }
        guard let desired = situation.desired, desired.value.state == .start,
            situation.history?.value.endedFor != desired.revision
        else { return .none }
        if let hold = situation.hold, isTakeover(situation) { return .holdBack(hold) }
        return .claimToRun
    }

    /// Somebody else was the last to run the guest, and is not known to have ended it.
    private static func isTakeover(_ situation: GuestSituation) -> Bool {
        guard let history = situation.history?.value else { return false }
        return history.host != situation.me && !history.clients.isEmpty
    }

    /// A guest that lost its claim goes on only where nobody has owned the VM since: a twin that
    /// ran and died would have changed the disk under this guest's memory.
    private static func mayGoOn(_ domain: LocalDomain, _ situation: GuestSituation) -> Bool {
        guard let desired = situation.desired, let history = situation.history?.value,
            case .start = desired.value.state, domain.state == .running || domain.state == .paused
        else { return false }
        return desired.createRevision == domain.vmCreateRevision
            && history.vmCreateRevision == domain.vmCreateRevision
            && history.incarnation == domain.incarnation
            && history.host == situation.me
            && !history.evicted.contains { history.clients.contains($0.client) }
    }

    /// The create revision of a VM whose records are left though nobody wants it any more.
    private static func leftover(_ situation: GuestSituation) -> Revision? {
        let revisions =
            situation.volumes.values.map(\.value.vmCreateRevision)
            + situation.addresses.values.map(\.value.vmCreateRevision)
            + [situation.history?.value.vmCreateRevision].compactMap(\.self)
        return revisions.sorted().first { $0 != situation.desired?.createRevision }
    }

    // MARK: Another node owns the VM

    private static func withForeignClaim(
        _ situation: GuestSituation, _ claim: Stored<ActualVM>
    ) -> GuestStep {
        if let move = claim.value.move, move.to == situation.me {
            // What is here and did not come with this move is left of an earlier owner's time.
            if let domain = situation.domain,
                situation.arrival?.value.answers != move.id
                    || domain.incarnation != claim.incarnation
            {
                return .destroyStray(domain, reason: "it is none that comes with the VM's move")
            }
            return isAnswered(situation, claim) ? .none : .answerMove(claim)
        }
        if let domain = situation.domain {
            return .destroyStray(domain, reason: "host \(claim.value.host) owns the VM now")
        }
        return .none
    }

    /// The domain of a guest that comes here stands until the claim comes, too. An answer of an earlier
    /// agent is given again, before its lease is over.
    private static func isAnswered(
        _ situation: GuestSituation, _ claim: Stored<ActualVM>
    ) -> Bool {
        guard let arrival = situation.arrival, arrival.value.host == situation.me,
            arrival.lease == situation.lease
        else { return false }
        return arrival.value.answers == claim.value.move?.id
    }

    // MARK: This node owns the VM

    private static func withOwnClaim(
        _ situation: GuestSituation, _ claim: Stored<ActualVM>
    ) -> GuestStep {
        guard claim.lease == situation.lease else { return .carryOver }
        guard let desired = situation.desired,
            desired.createRevision == claim.value.desiredCreateRevision
        else { return deletion(situation) }
        switch desired.value.state {
        case .stop: return stopping(situation, claim)
        case .start: return running(situation, claim)
        }
    }

    private static func deletion(_ situation: GuestSituation) -> GuestStep {
        if situation.domain != nil { return .destroy(reason: "the VM was deleted") }
        return situation.volumes.isEmpty ? .forget : .removeVolumes
    }

    private static func stopping(
        _ situation: GuestSituation, _ claim: Stored<ActualVM>
    ) -> GuestStep {
        guard let domain = situation.domain else { return .release }
        switch domain.state {
        case .running: return .shutDown
        case .paused, .ioError: return .destroy(reason: "a paused guest cannot shut down")
        case .ended: return .destroy(reason: "the guest has ended")
        }
    }

    private static func running(
        _ situation: GuestSituation, _ claim: Stored<ActualVM>
    ) -> GuestStep {
        guard let domain = situation.domain else { return withoutDomain(situation, claim) }
        guard domain.incarnation == claim.incarnation else {
            return .destroy(reason: "it was created under claim \(domain.incarnation)")
        }
        if situation.cannotServe {
            return .giveUp(reason: "the storage is away from this host")
        }
        if let step = moving(situation, claim, domain) { return step }
        switch domain.state {
        case .running:
            if let step = situation.nics.step { return .changeNICs(step) }
            let notes = [situation.moveNote, situation.nics.note].compactMap(\.self)
            return report(
                .running, notes.isEmpty ? nil : notes.joined(separator: "; "), situation, claim)
        case .paused:
            return isRecorded(claim)
                ? .resume : .destroy(reason: "its storage clients were never recorded")
        case .ioError:
            return .examineWriteError
        case .ended(let reason):
            return .destroy(reason: reason)
        }
    }

    /// nil where the guest stays, as far as that goes.
    private static func moving(
        _ situation: GuestSituation, _ claim: Stored<ActualVM>, _ domain: LocalDomain
    ) -> GuestStep? {
        guard let move = claim.value.move else {
            guard case .go(let plan) = situation.move, domain.state == .running else { return nil }
            return .beginMove(plan)
        }
        guard situation.hasBegunMove else { return .endMove(reason: "its agent was restarted") }
        switch situation.move {
        case .stay: return .endMove(reason: "nobody asks for it any more")
        case .go(let plan) where plan.order != move.order:
            return .endMove(reason: "another move was asked for")
        case .go, .wait, .stuck: break
        }
        let hasAnswer = situation.arrival?.value.answers == move.id
        if !move.live, hasAnswer, situation.arrival?.value.refusal == nil {
            return domain.state == .running
                ? .shutDown : .destroy(reason: "a paused guest cannot shut down")
        }
        return .goOnWithMove(move, hasAnswer ? situation.arrival : nil)
    }

    /// Nodes publish on change: what the claim says already is not said again.
    private static func report(
        _ state: ActualVM.State, _ message: String?, _ situation: GuestSituation,
        _ claim: Stored<ActualVM>
    ) -> GuestStep {
        let said = claim.value
        return said.state == state && said.message == message
            && said.desiredRevision == situation.desired?.revision
            ? .none : .report(state, message: message)
    }

    /// Recording the clients is what moves a claim to `starting`; only from there may a domain be
    /// resumed.
    private static func isRecorded(_ claim: Stored<ActualVM>) -> Bool {
        switch claim.value.state {
        case .starting, .running, .paused, .suspended: !claim.value.clients.isEmpty
        case .claimed, .stopping, .stopped, .failed, .deleting: false
        }
    }

    private static func withoutDomain(
        _ situation: GuestSituation, _ claim: Stored<ActualVM>
    ) -> GuestStep {
        if let move = claim.value.move, !move.live, situation.hasBegunMove,
            let arrival = situation.arrival, arrival.value.answers == move.id,
            arrival.value.refusal == nil
        {
            return .handOver(move, arrival)
        }
        if case .stopped = claim.value.state { return stayStopped(situation, claim) }
        if isRecorded(claim) {
            return .noteExit(situation.exit ?? .crashed(reason: "its domain is gone"))
        }
        let wanted = VolumeID(vm: situation.vm)
        guard let root = situation.volumes[wanted] else {
            return report(.failed, "the record of its root disk is missing", situation, claim)
        }
        guard root.value.provisioned else { return .provision(wanted) }
        switch situation.seed {
        case .none: return .start
        case .impossible(let reason) where !hasSeed(situation):
            return report(.failed, reason, situation, claim)
        case .impossible: return .start
        case .seed(let seed): return start(with: seed, situation)
        }
    }

    /// A seed of other content than what it should hold is made anew, which a guest that runs never sees.
    private static func start(with seed: Seed, _ situation: GuestSituation) -> GuestStep {
        guard let known = situation.volumes[.seed(of: situation.vm)]?.value,
            known.content == seed.fingerprint
        else { return .describeSeed(seed) }
        return known.provisioned ? .start : .makeSeed(seed)
    }

    /// Somebody's mistake with a key is no reason to leave a VM down that has its seed.
    private static func hasSeed(_ situation: GuestSituation) -> Bool {
        situation.volumes[.seed(of: situation.vm)]?.value.provisioned == true
    }

    /// A guest that shut itself down stays down until its record is written again.
    private static func stayStopped(
        _ situation: GuestSituation, _ claim: Stored<ActualVM>
    ) -> GuestStep {
        situation.desired?.revision == claim.value.desiredRevision
            ? .none : .report(.claimed, message: nil)
    }
}
