import Logging
import MetaStackDecisions
import MetaStackModel
import ServiceLifecycle
import Synchronization

/// Imports the images that are wanted and removes those that are not, where it is this node's turn.
///
/// Ends by cancellation; an import that runs is given up, and taken up again by whoever is there.
struct ImageService: Service {
    /// How much later each further candidate tries.
    private static let slot = Duration.milliseconds(100)
    /// How long a failed import waits before it is tried again.
    private static let retryAfter = Duration.seconds(15)

    let view: NodeView
    let queue: WorkQueue<ImageID>
    let importer: ImageImporter
    let clock: any NodeClock
    let logger: Logger
    private let pendingSince = PendingSince()

    init(
        view: NodeView, queue: WorkQueue<ImageID>, importer: ImageImporter,
        clock: any NodeClock, logger: Logger
    ) {
        self.view = view
        self.queue = queue
        self.importer = importer
        self.clock = clock
        self.logger = logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await queue.run { await look(at: $0) }
        }
    }

    private func look(at image: ImageID) async {
        do {
            if let delay = try await oneStep(image) { queue.mark(image, after: delay) }
        } catch is CancellationError {
            return
        } catch {
            logger.warning(
                "image work failed, trying again",
                metadata: ["image": "\(image)", "error": "\(error)"])
            queue.mark(image, after: .seconds(1))
        }
    }

    /// - Returns: after which time to look again; nil where the next change is soon enough.
    private func oneStep(_ image: ImageID) async throws -> Duration? {
        guard let lease = view.provenLease(at: clock.now) else { return nil }
        let cluster = view.cluster
        let step = ImageRules.next(image, me: view.me, lease: lease, in: cluster)
        let wait: Duration
        switch step {
        case .none:
            pendingSince.forget(image)
            return nil
        case .importImage, .remove: wait = .zero
        case .retryImport: wait = Self.retryAfter
        }
        let rank = ImageRules.candidates(for: image, in: cluster).firstIndex(of: view.me) ?? 0
        let turn = pendingSince.instant(image, step, now: clock.now) + wait + Self.slot * rank
        if turn > clock.now { return clock.now.duration(to: turn) }
        pendingSince.forget(image)
        switch step {
        case .remove:
            try await importer.remove(image, lease: lease)
        case .importImage, .retryImport:
            try await importer.importImage(image, lease: lease)
        case .none:
            break
        }
        return nil
    }
}

/// Since when each image has been waiting for the same thing.
private final class PendingSince: Sendable {
    private typealias Waiting = (step: ImageStep, since: ContinuousClock.Instant)
    private let waiting = Mutex<[ImageID: Waiting]>([:])

    func instant(
        _ image: ImageID, _ step: ImageStep, now: ContinuousClock.Instant
    ) -> ContinuousClock.Instant {
        waiting.withLock { waiting in
            if let known = waiting[image], known.step == step { return known.since }
            waiting[image] = (step, now)
            return now
        }
    }

    func forget(_ image: ImageID) {
        waiting.withLock { _ = $0.removeValue(forKey: image) }
    }
}
