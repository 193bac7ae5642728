import CNamespaces
import Glibc
import Synchronization

/// Hears from the kernel that something which a plane keeps may be damaged: a link, an address, a
/// route, a rule, or the process of a daemon.
///
/// Changes that the plane makes itself are heard as well; the look that follows finds nothing to do.
final class PlaneWatch: Sendable {
    private struct State {
        var kept = KeptParts()
        var listener: AsyncStream<Void>.Continuation?
        var ears: [Ear] = []
        var processes: [pid_t: ReadableDescriptor] = [:]
        /// Whether the rules may be others than were put there last.
        var rulesMayDiffer = true
        var rulesSeen: ContinuousClock.Instant?
        var heard = 0
    }

    /// Whatever was told, rules that nobody has looked at for so long may differ.
    private static let trust = Duration.seconds(60)

    /// A socket that is read whole, by one at a time.
    private final class Ear: Sendable {
        private let descriptor: CInt
        private let hears: @Sendable ([NetlinkMessage]?) -> Void
        private let turn = Mutex(())

        init(_ descriptor: CInt, hears: @escaping @Sendable ([NetlinkMessage]?) -> Void) {
            self.descriptor = descriptor
            self.hears = hears
        }

        func listen() { turn.withLock { _ in hears(NetlinkSocket.drain(descriptor)) } }
    }

    /// As a path; nil for the process's own.
    private let namespace: String?
    private let state = Mutex(State())

    init(namespace: String?) { self.namespace = namespace }

    /// What may be damage from now on, for one listener, who hears of it at once and looks first.
    ///
    /// - Throws: `NetworkPlaneError` where the kernel does not tell.
    func open() async throws(NetworkPlaneError) -> AsyncStream<Void> {
        let sockets = try await Namespaces.inside(namespace) { () throws(NetworkPlaneError) in
            guard let own = Self.descriptor(of: getpid()) else {
                throw NetworkPlaneError(.command, "the kernel does not tell of ended processes")
            }
            close(own)
            let routes = try NetlinkSocket.routes(KeptParts.groups)
            do throws(NetworkPlaneError) {
                return (routes: routes, tables: try NetlinkSocket.tables())
            } catch {
                close(routes)
                throw error
            }
        }
        let ears = [
            Ear(sockets.routes) { [weak self] in self?.hear(routes: $0) },
            Ear(sockets.tables) { [weak self] in self?.hear(tables: $0) },
        ]
        let sources = zip([sockets.routes, sockets.tables], ears).map { descriptor, ear in
            ReadableDescriptor(descriptor, name: "metastack.networks") { ear.listen() }
        }
        let (stream, continuation) = AsyncStream<Void>.makeStream(
            bufferingPolicy: .bufferingNewest(1))
        let former = state.withLock { state in
            defer {
                state.listener = continuation
                state.ears = ears
                state.rulesMayDiffer = true
            }
            return state.listener
        }
        former?.finish()
        continuation.onTermination = { [weak self] _ in
            self?.forget(ears)
            for source in sources { source.cancel() }
        }
        continuation.yield()
        return stream
    }

    /// Their sockets are about to be closed, and the numbers given to others.
    private func forget(_ ears: [Ear]) {
        state.withLock { state in
            if state.ears.first === ears.first { state.ears = [] }
        }
    }

    /// Hears what the kernel has told already: what was done before this call is known after it.
    func catchUp() {
        for ear in state.withLock(\.ears) { ear.listen() }
    }

    /// How many messages told of what is kept.
    var heard: Int { state.withLock(\.heard) }

    private func hear(routes messages: [NetlinkMessage]?) {
        let kept = state.withLock(\.kept)
        tell(of: messages.map { $0.count(where: kept.isTouched) })
    }

    private func hear(tables messages: [NetlinkMessage]?) {
        let count = messages.map { $0.count(where: KeptParts.isOfOurTables) }
        if count != 0 { state.withLock { $0.rulesMayDiffer = true } }
        tell(of: count)
    }

    /// - Parameter count: nil where some were lost, which may have been anything.
    private func tell(of count: Int? = nil) {
        if count == 0 { return }
        let listener = state.withLock { state in
            state.heard += count ?? 1
            return state.listener
        }
        listener?.yield()
    }

    // MARK: What is kept

    func keep(_ kept: KeptParts) { state.withLock { $0.kept = kept } }

    /// Whether the rules may be others than were put there last, which whoever asks looks at next. Where
    /// nobody listens they always may.
    func takeDoubtOfRules() -> Bool {
        let now = ContinuousClock.now
        return state.withLock { state in
            let isOld = state.rulesSeen.map { $0 + Self.trust <= now } ?? true
            guard isOld || state.rulesMayDiffer else { return false }
            state.rulesSeen = now
            state.rulesMayDiffer = state.listener == nil
            return true
        }
    }

    /// What was asked to look could not.
    func doubtRules() { state.withLock { $0.rulesMayDiffer = true } }

    /// The processes whose end is damage, and no others.
    func keep(_ processes: Set<pid_t>) {
        let fresh = state.withLock { state -> Set<pid_t> in
            guard state.listener != nil else { return [] }
            state.processes = state.processes.filter { processes.contains($0.key) }
            return processes.subtracting(state.processes.keys)
        }
        for process in fresh { follow(process) }
    }

    private func follow(_ process: pid_t) {
        // It has ended already.
        guard let descriptor = Self.descriptor(of: process) else { return tell() }
        let source = ReadableDescriptor(descriptor, name: "metastack.process") { [weak self] in
            // Once: an ended process can be read for ever.
            self?.state.withLock { $0.processes[process] = nil }
            self?.tell()
        }
        state.withLock { $0.processes[process] = source }
    }

    /// One that can be read once the process has ended (pidfd_open(2)).
    private static func descriptor(of process: pid_t) -> CInt? {
        let descriptor = pidfd_open(process, 0)
        return descriptor < 0 ? nil : descriptor
    }
}
