import MetaStackAgent
import MetaStackModel

/// A machine's clocks: the boot clock drifts as quartz does, the wall clock says anything.
///
/// `@unchecked Sendable`: see ``World``.
final class MachineClock: @unchecked Sendable {
    /// Instants are this one plus the boot clock's count; only differences mean anything.
    private static let epoch = ContinuousClock.now
    private let world: World
    /// How much faster than true time it runs, in millionths; within ±500 (RFC 5905's tolerance).
    let drift: Int64
    /// Of the wall clock; jumps at will.
    var wallOffset = Duration.zero

    init(world: World, drift: Int64) {
        self.world = world
        self.drift = drift
    }

    var now: ContinuousClock.Instant {
        let true0 = world.now.nanoseconds
        return Self.epoch + .nanoseconds(true0 + true0 / 1000 * drift / 1000)
    }

    /// The first moment at which the boot clock has reached an instant.
    func moment(of instant: ContinuousClock.Instant) -> Moment {
        let wanted = Self.epoch.duration(to: instant).nanoseconds
        var moment = Moment(nanoseconds: wanted - wanted / 1000 * drift / (1000 + drift / 1000))
        while local(moment) < wanted { moment.nanoseconds += wanted - local(moment) + 1 }
        return moment
    }

    private func local(_ moment: Moment) -> Int64 {
        moment.nanoseconds + moment.nanoseconds / 1000 * drift / 1000
    }

    var timestamp: Timestamp {
        // 2026-01-01, whatever the true date is.
        let start: Int64 = 1_767_225_600_000
        let since = Moment.start + wallOffset
        return Timestamp(
            milliseconds: start + (world.now.nanoseconds + since.nanoseconds) / 1_000_000)
    }
}

/// A process's view of its machine's clocks.
struct SimulatedClock: NodeClock {
    let machine: MachineClock
    let process: Process
    let world: World

    var now: ContinuousClock.Instant {
        world.checkThread()
        return machine.now
    }

    var timestamp: Timestamp { machine.timestamp }

    /// Timers fire a little late, as they do.
    func sleep(until instant: ContinuousClock.Instant) async throws {
        try await process.call { (pending: PendingCall<Void>) in
            let late = world.duration(.zero, .microseconds(300))
            world.at(machine.moment(of: instant) + late) { pending.finish(.success(())) }
        }
    }
}

/// A process's chance, repeated by the simulation's seed.
struct SimulatedRandom: NodeRandom {
    let world: World

    func next() -> UInt64 { world.random.next() }
}
