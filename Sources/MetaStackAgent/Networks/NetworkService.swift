import Logging
import MetaStackModel
import ServiceLifecycle

/// Brings the host's networks to what is wanted when records have changed, and mends them when the kernel
/// tells that something is not as it was: a link may be deleted by hand, a dnsmasq may die.
///
/// Ends by cancellation, at once, and leaves everything as it is: guests run on.
struct NetworkService: Service {
    /// A herd of claims changes much at once.
    private static let quiet = Duration.milliseconds(100)
    /// While it is not known what runs here.
    private static let patience = Duration.seconds(10)

    let keeper: NetworkKeeper
    let view: NodeView
    let clock: any NodeClock
    let logger: Logger

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { await keeper.listen { view.networkBell.ring() } }
                try await keep()
                group.cancelAll()
            }
        }
    }

    private func keep() async throws {
        while !Task.isCancelled {
            let rings = view.networkBell.rings
            var next = clock.now + Self.patience
            // Before it is known what runs here nothing may be taken away.
            if view.read({ $0.knowsDomains && $0.cluster.revision > Revision(0) }) {
                await converge()
                next = await keeper.nextLook
            }
            try await view.networkBell.sleep(until: next, since: rings, clock: clock)
            try await clock.sleep(for: Self.quiet)
        }
    }

    private func converge() async {
        do {
            try await keeper.convergeIfNeeded()
        } catch is CancellationError {
            return
        } catch {
            logger.warning(
                "the host's networks are not as they shall be, trying again",
                metadata: ["error": "\(error)"])
        }
    }
}
