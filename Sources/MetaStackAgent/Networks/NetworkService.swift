import Logging
import MetaStackModel
import ServiceLifecycle

/// Brings the host's networks to what is wanted when records have changed, and looks now and then
/// whether they are still so: a link may be deleted by hand, a dnsmasq may die.
///
/// Ends by cancellation, at once, and leaves everything as it is: guests run on.
struct NetworkService: Service {
    private static let interval = Duration.seconds(10)
    /// A herd of claims changes much at once.
    private static let quiet = Duration.milliseconds(100)

    let keeper: NetworkKeeper
    let view: NodeView
    let clock: any NodeClock
    let logger: Logger

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            var nextMending = clock.now
            while !Task.isCancelled {
                let rings = view.networkBell.rings
                let mends = clock.now >= nextMending
                // Before it is known what runs here nothing may be taken away.
                if view.read({ $0.knowsDomains && $0.cluster.revision > Revision(0) }) {
                    await converge(mending: mends)
                }
                if mends { nextMending = clock.now + Self.interval }
                try await view.networkBell.sleep(
                    until: nextMending, since: rings, clock: clock)
                try await clock.sleep(for: Self.quiet)
            }
        }
    }

    private func converge(mending: Bool) async {
        do {
            try await keeper.convergeIfNeeded(mending: mending)
        } catch is CancellationError {
            return
        } catch {
            logger.warning(
                "the host's networks are not as they shall be, trying again",
                metadata: ["error": "\(error)"])
        }
    }
}
