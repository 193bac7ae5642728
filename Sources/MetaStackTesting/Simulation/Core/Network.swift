/// Somebody who sends and gets messages.
enum Party: Hashable {
    case host(Int)
    case member(Int)
    case ceph
}

/// Who reaches whom, and how long a message takes.
///
/// Connections are TCP's: a message into a broken path is sent again and again, and arrives late or
/// never; it is never doubled.
final class Network {
    private struct Path: Hashable {
        var from: Party
        var to: Party
    }

    /// For how long the kernel goes on sending what nobody acknowledges.
    static let persistence = Duration.seconds(15)
    /// Before it sends for the second time; twice as long before each further time, so that what is in
    /// its hands when a path is whole again arrives late (RFC 6298, 5.5).
    private static let patience = Duration.milliseconds(200)
    private let world: World
    /// How many faults break each path at present.
    private var broken: [Path: Int] = [:]
    /// The part of messages that are held up for up to a second.
    var delayed = 0.0
    /// The part of messages that are lost once and sent again.
    var lost = 0.0
    private(set) var messagesDelayed = 0
    private(set) var messagesLost = 0
    /// Told after each change of the paths.
    var onChange: () -> Void = {}

    init(world: World) { self.world = world }

    func isOpen(_ from: Party, _ to: Party) -> Bool {
        broken.isEmpty || broken[Path(from: from, to: to)] == nil
    }

    func isOpenBothWays(_ one: Party, _ other: Party) -> Bool {
        isOpen(one, other) && isOpen(other, one)
    }

    func cut(_ paths: [(Party, Party)]) {
        for (from, to) in paths { broken[Path(from: from, to: to), default: 0] += 1 }
        onChange()
    }

    func mend(_ paths: [(Party, Party)]) {
        for (from, to) in paths {
            let path = Path(from: from, to: to)
            let left = (broken[path] ?? 0) - 1
            broken[path] = left > 0 ? left : nil
        }
        onChange()
    }

    func mendAll() {
        broken = [:]
        delayed = 0
        lost = 0
        onChange()
    }

    /// Delivers a message unless the path stays broken for too long.
    ///
    /// - Parameter isWanted: asked before each further try; a sender that is gone tries no more.
    func send(
        _ from: Party, _ to: Party, isWanted: @escaping () -> Bool = { true },
        _ arrive: @escaping () -> Void
    ) {
        attempt(
            from, to, giveUp: world.now + Self.persistence, again: Self.patience, isWanted, arrive)
    }

    private func attempt(
        _ from: Party, _ to: Party, giveUp: Moment, again pause: Duration,
        _ isWanted: @escaping () -> Bool, _ arrive: @escaping () -> Void
    ) {
        let isLost = world.chance(lost)
        guard isOpen(from, to), !isLost else {
            if isLost { messagesLost += 1 }
            let next = world.duration(pause, pause * 2)
            guard world.now + next < giveUp else { return }
            world.after(next) { [self] in
                guard isWanted() else { return }
                attempt(from, to, giveUp: giveUp, again: pause * 2, isWanted, arrive)
            }
            return
        }
        world.after(latency(), arrive)
    }

    func latency() -> Duration {
        var latency = world.duration(.microseconds(100), .microseconds(1500))
        if world.chance(delayed) {
            messagesDelayed += 1
            latency += world.duration(.milliseconds(5), .seconds(1))
        }
        return latency
    }
}
