/// When a host's networks are looked at in full: soon after the kernel has told of a change, and now and
/// then whatever it told.
///
/// Pure. A look costs half a second of a processor on a host with 500 NICs; so a herd of changes is one
/// look, and looks that changes ask for are ten seconds apart.
struct LookSchedule: Sendable, Equatable {
    typealias Instant = ContinuousClock.Instant

    /// After the first change: it is seldom alone.
    static let quiet = Duration.milliseconds(500)
    /// From the begin of one look to that of the next.
    static let apart = Duration.seconds(10)
    /// Between looks while all is well and the kernel tells.
    static let interval = Duration.seconds(300)
    /// While something is wrong, or the kernel does not tell.
    static let retry = Duration.seconds(10)

    /// What the host looks later than others, so that not all look at once.
    private let delay: Duration
    /// The first change that no look has seen yet.
    private var change: Instant?
    private var lastBegin: Instant?
    private var regular: Instant
    /// Whether somebody tells of changes.
    private(set) var isTold = false

    /// - Parameter share: of 1, the host's own; up to a minute is added to ``interval`` by it.
    init(at now: Instant, share: Double) {
        regular = now
        delay = .seconds(60) * share
    }

    /// When the next look is due.
    var due: Instant {
        guard let change else { return regular }
        let asked = change + Self.quiet
        return min(regular, lastBegin.map { max(asked, $0 + Self.apart) } ?? asked)
    }

    /// The kernel told of a change.
    ///
    /// - Returns: whether the next look may be due earlier for it.
    mutating func changed(at now: Instant) -> Bool {
        isTold = true
        guard change == nil else { return false }
        change = now
        return true
    }

    /// Nobody tells of changes any more.
    mutating func isNotTold(at now: Instant) {
        isTold = false
        regular = min(regular, now + Self.retry)
    }

    /// A look begins, and sees what has changed until now.
    mutating func begin(at now: Instant) {
        change = nil
        lastBegin = now
    }

    /// It has ended.
    ///
    /// - Parameter isWell: whether everything is as it shall be.
    mutating func end(at now: Instant, isWell: Bool) {
        regular = now + (isWell && isTold ? Self.interval + delay : Self.retry)
    }
}
