import Logging
public import MetaStackAgent
import ServiceLifecycle
import Synchronization

/// One agent from its start to its end, as one process of `metastack-node` would be.
public final class AgentRun: Sendable {
    private enum End: Sendable {
        /// SIGTERM: the agent leaves its lease and its guests.
        case gracefully
        /// SIGKILL, or the host's power: nothing is said to anybody.
        case abruptly
    }

    private let orders: AsyncStream<End>
    private let orderer: AsyncStream<End>.Continuation
    private let ended: AsyncStream<Void>
    private let ender: AsyncStream<Void>.Continuation
    private let failed = Mutex<(any Error)?>(nil)

    init() {
        (orders, orderer) = AsyncStream.makeStream()
        (ended, ender) = AsyncStream.makeStream()
    }

    /// Stops the agent as an operator does, and returns when it has ended.
    public func stop() async { await end(.gracefully) }

    /// Ends the agent without its knowing, and returns when it has ended.
    public func kill() async { await end(.abruptly) }

    /// What the agent ended with, where it failed.
    public var failure: (any Error)? { failed.withLock { $0 } }

    private func end(_ end: End) async {
        orderer.yield(end)
        for await _ in ended {}
    }

    /// Runs the agent until it is stopped, killed or fails, or its task is cancelled.
    func run(_ agent: Agent, logger: Logger) async {
        var logger = logger
        // What a group says of its services at lower levels is their whole structure.
        logger.logLevel = .error
        let services = ServiceGroup(services: [agent], logger: logger)
        await withTaskGroup { group in
            group.addTask { [self] in
                do {
                    try await services.run()
                } catch is CancellationError {
                    return
                } catch {
                    failed.withLock { $0 = error }
                }
            }
            group.addTask { [orders] in
                for await order in orders {
                    switch order {
                    case .gracefully: await services.triggerGracefulShutdown()
                    case .abruptly: return
                    }
                }
            }
            await group.next()
            group.cancelAll()
        }
    }

    /// Says that nothing of the agent runs any more.
    func finish() { ender.finish() }
}
