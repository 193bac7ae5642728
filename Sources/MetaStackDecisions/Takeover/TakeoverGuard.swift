public import MetaStackModel

/// Why a node takes no VM over just now, and until when.
public struct TakeoverHold: Sendable, Equatable {
    public var reason: String
    /// nil where only the switch ends it.
    public var until: ContinuousClock.Instant?

    public init(reason: String, until: ContinuousClock.Instant? = nil) {
        self.reason = reason
        self.until = until
    }
}

/// Holds takeovers back where many hosts vanish at once or etcd has just returned: more likely than
/// their death is that something between them and etcd broke.
///
/// It says nothing of first starts: a VM that nobody may still be running is no takeover.
public struct TakeoverGuard: Sendable {
    public typealias Instant = ContinuousClock.Instant

    public enum Event: Sendable, Equatable {
        /// A host's record went; `left` other hosts than this node's have theirs, as has this one.
        case hostVanished(HostID, left: Int)
        case hostAppeared(HostID)
        /// This node has a session again after it could not prove one.
        case etcdReturned
        /// An operator has written the switch: whatever is held is let go.
        case toldToGoOn
    }

    /// How long a storm is waited for.
    public static let patience = Duration.seconds(30)
    /// Fewer vanished hosts are no storm, whatever part of all they are.
    private static let stormBegins = 3

    private let ttl: Duration
    private var vanished: [HostID: Instant] = [:]
    private var storm: TakeoverHold?
    private var comeback: TakeoverHold?

    public init(ttl: Duration) { self.ttl = ttl }

    public mutating func observe(_ event: Event, at now: Instant) {
        switch event {
        case .hostVanished(let host, let left):
            vanished[host] = now
            vanished = vanished.filter { $0.value + ttl * 2 >= now }
            let all = left + vanished.count
            guard vanished.count >= Self.stormBegins, vanished.count * 2 > all else { return }
            storm = TakeoverHold(
                reason: "\(vanished.count) of \(all) hosts vanished at once",
                until: now + Self.patience)
        case .hostAppeared(let host):
            vanished[host] = nil
        case .etcdReturned:
            comeback = TakeoverHold(
                reason: "etcd has just returned, owners find their own guests first",
                until: now + ttl)
        case .toldToGoOn:
            storm = nil
            comeback = nil
            vanished = [:]
        }
    }

    /// Why nothing is taken over at the moment; nil where nothing is held.
    public func hold(at now: Instant, wanted: TakeoverSwitch?) -> TakeoverHold? {
        if let wanted, wanted.state == .disarmed {
            let reason = wanted.reason.map { ": \($0)" } ?? ""
            return TakeoverHold(reason: "takeovers are disarmed\(reason)")
        }
        return [storm, comeback].compactMap(\.self).filter { hold in
            hold.until.map { now < $0 } ?? true
        }.max { ($0.until ?? now) < ($1.until ?? now) }
    }
}
