import MetaStackDecisions
import MetaStackModel
import ServiceLifecycle

/// Looks now and then how load is shared, where the policy is on, and has this node's part of the moves
/// begun. Every owner computes the same from the same records; nobody has to be asked.
///
/// Ends by cancellation, at once.
struct RebalanceService: Service {
    /// Between two looks at a policy that is off.
    private static let idle = Duration.seconds(10)

    let view: NodeView
    let performer: GuestPerformer
    let queue: WorkQueue<VMID>
    let clock: any NodeClock

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let policy = view.cluster.rebalancePolicy?.value
                guard let policy, policy.state == .on else {
                    performer.rebalance([])
                    try await clock.sleep(for: Self.idle)
                    continue
                }
                try await clock.sleep(for: untilNextLook(policy))
                look(policy)
            }
        }
    }

    /// All nodes look at about the same time, and so at the same records.
    private func untilNextLook(_ policy: RebalancePolicy) -> Duration {
        let interval = Int64(policy.interval) * 1000
        return .milliseconds(interval - clock.timestamp.milliseconds % interval)
    }

    private func look(_ policy: RebalancePolicy) {
        guard view.provenLease(at: clock.now) != nil else { return }
        let plan = Rebalance(of: view.cluster, by: policy, at: clock.timestamp)
        performer.rebalance(plan.steps)
        queue.mark(Set(plan.steps.filter { $0.from == view.me }.map(\.vm)))
    }
}
