import MetaStackAgent

/// The file in which a machine's agents leave until when its guests may run.
///
/// `@unchecked Sendable`: see ``World``.
struct SimulatedProof: ProofRecord, @unchecked Sendable {
    let host: SimulatedHost
    let process: Process

    func read() -> ContinuousClock.Instant? { host.proof }

    func write(_ instant: ContinuousClock.Instant) {
        guard process.isAlive else { return }
        host.proof = instant
    }
}
