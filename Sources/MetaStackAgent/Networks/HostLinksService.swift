import Logging
import ServiceLifecycle

/// Says in the host's record which bridges and uplinks there are.
///
/// Looks now and then, since people make links whenever they like. Ends by cancellation, at once.
struct HostLinksService: Service {
    private static let interval = Duration.seconds(10)

    let read: @Sendable () async throws -> HostLinks
    let host: HostRecord
    let router: ChangeRouter
    let clock: any NodeClock
    let logger: Logger

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try await look()
                try await clock.sleep(for: Self.interval)
            }
        }
    }

    private func look() async throws {
        let links: HostLinks
        do {
            links = try await read()
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            logger.warning("cannot look at the host's links", metadata: ["error": "\(error)"])
            return
        }
        guard host.setLinks(links) else { return }
        logger.info(
            "links of the host changed",
            metadata: [
                "bridges": "\(links.bridges.joined(separator: " "))",
                "uplinks": "\(links.uplinks.joined(separator: " "))",
            ])
        router.host.mark(router.view.me)
    }
}
