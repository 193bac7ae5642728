import MetaStackModel

/// One seed from its beginning to its verdict: builds a fleet, breaks it, mends it, and waits for
/// it to be as it was wanted.
public struct Simulation {
    /// How a run ended.
    public struct Outcome: Sendable, Codable {
        public var seed: UInt64
        /// The first violated invariant; nil where all held.
        public var violation: String?
        public var faults: [FaultKind: Int]
        public var takeovers: Int
        /// Guests that went to another host with their memory.
        public var moves: Int
        public var boots: Int
        public var writes: Int
        /// Events and jobs.
        public var steps: Int
        /// Virtual time from the end of the faults until all was as wanted.
        public var settled: Duration
        /// Virtual time in all.
        public var time: Duration
        /// Two runs of one seed have the same.
        public var fingerprint: UInt64
    }

    /// A VM that is not as wanted so long after the last fault never will be. Longest is a decline
    /// that was doubled a few times.
    private static let patience = Duration.seconds(240)
    private static let look = Duration.seconds(1)
    /// At rest for so long is at rest.
    private static let calm = Duration.seconds(2)

    /// Runs one seed. Blocks its thread, which does nothing else meanwhile.
    ///
    /// - Throws: where the fleet cannot be built at all.
    public static func run(_ options: SimulationOptions, trace: Trace = Trace()) throws -> Outcome {
        let fleet = try SimulatedFleet(options, trace: trace)
        defer { fleet.stop() }
        let management = Management(fleet)
        let faults = FaultPlan(fleet)
        try management.begin()
        faults.schedule()
        for node in fleet.nodes {
            fleet.world.after(fleet.world.duration(.zero, .seconds(1))) { node.start() }
            if options.hasWatchdog { node.watch() }
        }
        fleet.world.run(until: Moment.start + options.time)
        management.end()
        faults.mend()
        let mended = fleet.world.now
        let settled = settle(fleet)
        return Outcome(
            seed: options.seed, violation: fleet.oracle.violation, faults: faults.counts,
            takeovers: fleet.oracle.takeovers, moves: fleet.migrations.completed,
            boots: fleet.oracle.boots,
            writes: fleet.oracle.writes, steps: fleet.world.steps,
            settled: settled - mended, time: fleet.world.now - .start,
            fingerprint: fleet.world.fingerprint)
    }

    /// - Returns: since when all is as wanted.
    private static func settle(_ fleet: SimulatedFleet) -> Moment {
        let world = fleet.world
        let end = world.now + patience
        var since: Moment?
        while !world.isOver, world.now < end {
            let problems = fleet.unsettled()
            if problems.isEmpty {
                let first = since ?? world.now
                since = first
                if world.now - first >= calm { return first }
            } else {
                since = nil
            }
            world.run(until: world.now + look)
        }
        if !world.isOver {
            fleet.oracle.violated(
                "I4/I5: \(patience) after the last fault: "
                    + fleet.unsettled().joined(separator: "; "))
        }
        return world.now
    }
}
