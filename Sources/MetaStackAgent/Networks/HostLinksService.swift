import Logging
import ServiceLifecycle

/// Says in the host's record which bridges and uplinks there are, as people make and remove them, and
/// what networks can be made of them.
///
/// Ends by cancellation, at once.
struct HostLinksService: Service {
    /// Guests' taps come and go in herds, and nobody waits for a new bridge to be known.
    private static let pause = Duration.seconds(1)
    /// After a look that failed.
    private static let retry = Duration.seconds(10)

    let links: HostLinksSource
    /// nil where the host makes no networks.
    let network: (any GuestNetwork)?
    let host: HostRecord
    let router: ChangeRouter
    let clock: any NodeClock
    let logger: Logger

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            var changes = links.changes.makeAsyncIterator()
            repeat {
                while try await !look() { try await clock.sleep(for: Self.retry) }
                try await clock.sleep(for: Self.pause)
            } while await changes.next() != nil
        }
    }

    /// - Returns: whether it could.
    private func look() async throws -> Bool {
        let found: HostLinks
        do {
            // Open vSwitch may have been started since.
            if let plane = try await network?.plane(), host.setPlane(plane) {
                router.host.mark(router.view.me)
            }
            found = try await links.read()
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            logger.warning("cannot look at the host's links", metadata: ["error": "\(error)"])
            return false
        }
        guard host.setLinks(found) else { return true }
        logger.info(
            "links of the host changed",
            metadata: [
                "bridges": "\(found.bridges.joined(separator: " "))",
                "uplinks": "\(found.uplinks.joined(separator: " "))",
            ])
        router.host.mark(router.view.me)
        return true
    }
}
