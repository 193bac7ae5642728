import Logging
import MetaStackModel
import ServiceLifecycle

/// Publishes the host's record when it changes, at most every ``HostService/quiet``.
///
/// Ends by cancellation, at once.
struct HostService: Service {
    /// A herd of starts changes the record often; others need the sum, not each step.
    static let quiet = Duration.milliseconds(200)

    let record: HostRecord
    let view: NodeView
    let queue: WorkQueue<HostID>
    let clock: any NodeClock
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await queue.run { await publish($0) }
        }
    }

    private func publish(_ host: HostID) async {
        do {
            try await clock.sleep(for: Self.quiet)
            guard let lease = view.provenLease(at: clock.now) else { return }
            try await record.publishChange(under: lease)
        } catch is CancellationError {
            return
        } catch {
            logger.warning("cannot publish the host", metadata: ["error": "\(error)"])
            queue.mark(host, after: .seconds(1))
        }
    }
}
