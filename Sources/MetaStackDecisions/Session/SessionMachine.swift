public import MetaStackModel

/// Decides what a node's session needs next, and whether it is proven.
///
/// A session is one etcd lease and the instant until which it is proven alive. It counts from the
/// *send* time of the last acknowledged keepalive: an answer that came late proves nothing about
/// now. `SessionService` asks `next(at:)`, does what it says, and reports what happened through
/// `observe(_:at:)`.
public struct SessionMachine: Sendable {
    public typealias Instant = ContinuousClock.Instant

    /// What happened.
    public enum Event: Sendable, Equatable {
        /// etcd granted a lease; the request was sent at `sentAt`.
        case granted(LeaseNumber, ttl: Duration, sentAt: Instant)
        /// The host's record stands under the lease.
        case published(LeaseNumber)
        /// etcd acknowledged a keepalive that was sent at `sentAt`.
        case renewed(LeaseNumber, sentAt: Instant)
        /// A call failed, and it is not known what etcd thinks.
        case failed
        /// etcd knows the lease no more, or the host's record was seen to go.
        case ended(LeaseNumber)
        /// The agent has just started: guests of an earlier one may run under a lease of which this
        /// one knows nothing.
        case began(safeUntil: Instant?)
        /// A majority of etcd's members was asked at `sentAt` and each had no leader or did not run.
        case outageProven(sentAt: Instant)
        /// No guest of this host runs any more.
        case guestsSuspended
    }

    /// What to do next.
    public enum Action: Sendable, Equatable {
        /// The session's end was seen: no guest may run on while a new one begins.
        case suspendGuests
        case grant(ttl: Duration)
        case publish(LeaseNumber)
        case keepAlive(LeaseNumber)
        /// Nothing before this instant.
        case wait(until: Instant)
    }

    private enum State: Sendable {
        case none
        case granted(Lease)
        case held(Lease)
    }

    private struct Lease: Sendable {
        let number: LeaseNumber
        var provenUntil: Instant
        var renewAt: Instant
    }

    /// What the guests of this host may do at a moment.
    public enum GuestCare: Sendable, Equatable {
        /// They may run; look again at this instant.
        case run(lookAgain: Instant)
        /// The session may be at its end: find out, until this instant, whether etcd is.
        case askMembers(until: Instant)
        /// Others may start them soon: none may run.
        case suspend
    }

    /// The lease's life without a keepalive.
    public let ttl: Duration
    private var state = State.none
    private var retryAt: Instant?
    /// How many calls failed since one did not.
    public private(set) var failuresInARow = 0
    /// When others may start this host's guests at the earliest; nil where they may already.
    public private(set) var guestsSafeUntil: Instant?
    /// The same for guests whose claims stand under an earlier lease, or are gone: what was known when
    /// this session began.
    private var strangersSafeUntil: Instant?
    /// Whether guests may run here that this session stands for.
    private var guestsAtLarge = false
    /// Whether there was a gap since ``takeGap()`` was last asked.
    private var hadGap = false

    public init(ttl: Duration) { self.ttl = ttl }

    /// How much earlier than etcd the node stops believing in its own lease.
    public var margin: Duration { max(ttl / 5, .milliseconds(500)) }

    /// How long suspending a guest may take before it is ended instead: the rest of the margin is for
    /// that, and for a busy machine.
    public var suspensionLimit: Duration { margin / 2 }

    /// How long a call may take before it is given up and tried at another endpoint: never past
    /// the moment from which the session is unproven, since guests have to be suspended then.
    public func callDeadline(at now: Instant) -> Duration {
        guard let unprovenFrom, unprovenFrom > now else { return ttl / 3 }
        return min(ttl / 3, now.duration(to: unprovenFrom))
    }

    /// The lease under which claims can be made; nil while there is none to rely on.
    public func provenLease(at now: Instant) -> LeaseNumber? {
        guard case .held(let lease) = state, now < lease.provenUntil - margin else { return nil }
        return lease.number
    }

    /// When the session is not to be relied on any more, unless it is renewed before; nil where
    /// there is none.
    public var unprovenFrom: Instant? {
        guard case .held(let lease) = state else { return nil }
        return lease.provenUntil - margin
    }

    /// The lease that the session holds or is about to, proven or not.
    public var heldLease: LeaseNumber? { lease?.number }

    public func next(at now: Instant) -> Action {
        if let retryAt, now < retryAt { return .wait(until: retryAt) }
        switch state {
        case .none where guestsAtLarge: return .suspendGuests
        case .none: return .grant(ttl: ttl)
        case .granted(let lease): return .publish(lease.number)
        case .held(let lease):
            return now < lease.renewAt ? .wait(until: lease.renewAt) : .keepAlive(lease.number)
        }
    }

    /// A guest may run while its claim cannot go to anybody else. Towards the end of that time the
    /// members are asked: as long as etcd has no quorum nobody can claim anything, and when it has
    /// one again every lease gets its whole time to live.
    public func guestCare(at now: Instant) -> GuestCare {
        guard let guestsSafeUntil else { return .suspend }
        let unproven = guestsSafeUntil - margin
        guard now < unproven else { return .suspend }
        let askFrom = unproven - ttl / 4
        return now < askFrom ? .run(lookAgain: askFrom) : .askMembers(until: unproven)
    }

    /// From when on a guest may not run whose claim does not stand under the present lease, however well
    /// that is proven: an earlier agent's lease ends when it will.
    ///
    /// - Returns: nil where there is no session, and ``guestCare(at:)`` speaks for all.
    public var strangersUnsafeFrom: Instant? {
        guard case .held = state, let strangersSafeUntil else { return nil }
        return strangersSafeUntil - margin
    }

    /// Whether there was a time in which the session was not proven, or guests were suspended, and what
    /// was not done then has to be looked at now that it is proven; true once. Such a time may begin
    /// and end while one call is on its way.
    public mutating func takeGap() -> Bool {
        defer { hadGap = false }
        return hadGap
    }

    public mutating func observe(_ event: Event, at now: Instant) {
        switch event {
        case .granted(let number, let ttl, let sentAt):
            answered()
            state = .granted(
                Lease(number: number, provenUntil: sentAt + ttl, renewAt: sentAt + self.ttl / 3))
        case .published(let number):
            answered()
            guard case .granted(let lease) = state, lease.number == number else { return }
            state = .held(lease)
            hadGap = true
            strangersSafeUntil = guestsSafeUntil ?? now
            guestsSafeUntil = lease.provenUntil
            guestsAtLarge = true
        case .renewed(let number, let sentAt):
            answered()
            renew(number, sentAt: sentAt, at: now)
        case .failed:
            failuresInARow += 1
            retryAt = now + min(ttl / 20, .milliseconds(200))
        case .ended(let number):
            guard heldLease == number else { return }
            state = .none
            guestsSafeUntil = nil
        case .began(let safeUntil):
            guestsSafeUntil = safeUntil ?? now + ttl / 3 + margin
        case .outageProven(let sentAt):
            // An outage that began after the lease's end proves nothing about the lease.
            guard let known = guestsSafeUntil, sentAt < known else { return }
            guestsSafeUntil = max(known, sentAt + ttl)
        case .guestsSuspended:
            guestsAtLarge = false
            hadGap = true
        }
    }

    private var lease: Lease? {
        switch state {
        case .none: nil
        case .granted(let lease), .held(let lease): lease
        }
    }

    private mutating func answered() {
        retryAt = nil
        failuresInARow = 0
    }

    /// A late answer to an early keepalive never shortens what a later one proved.
    private mutating func renew(_ number: LeaseNumber, sentAt: Instant, at now: Instant) {
        guard case .held(var lease) = state, lease.number == number else { return }
        hadGap = hadGap || provenLease(at: now) == nil
        lease.provenUntil = max(lease.provenUntil, sentAt + ttl)
        lease.renewAt = max(lease.renewAt, sentAt + ttl / 3)
        state = .held(lease)
        guestsAtLarge = true
        guestsSafeUntil = max(guestsSafeUntil ?? lease.provenUntil, lease.provenUntil)
    }
}
