import Foundation
import Glibc
import Logging
import MetaStackAgent
import Synchronization

/// What an agent leaves behind that is told to end: a process that suspends its guests before its
/// lease runs out, unless the next agent is there by then. Its guests run on meanwhile.
///
/// A crash needs none: the service manager starts the agent again, and fences where it cannot.
final class LastWill: Sendable {
    /// `POSIX_SPAWN_SETSID` of glibc's spawn.h, which Swift does not import.
    private static let ownSession: CShort = 0x80

    private let config: String
    private let heartbeat: Heartbeat
    private let budget: WatchdogBudget
    private let logger: Logger
    private let isMade = Mutex(false)

    /// - Parameter config: the configuration file's path.
    init(config: String, heartbeat: Heartbeat, budget: WatchdogBudget, logger: Logger) {
        self.config = config
        self.heartbeat = heartbeat
        self.budget = budget
        self.logger = logger
    }

    /// Starts that process, once.
    func make() {
        let isFirst = isMade.withLock { isMade in
            defer { isMade = true }
            return !isMade
        }
        guard isFirst else { return }
        let delay = budget.fenceDelay(provenUntil: heartbeat.provenUntil, at: .now)
        let code = spawn([
            "metastack-node", "fence", "--config", config, "--after",
            "\(Int(delay / .milliseconds(1)))",
        ])
        guard code != 0 else { return }
        logger.error(
            "cannot leave a fence behind: start an agent before the lease runs out",
            metadata: ["error": "\(String(cString: strerror(code)))"])
    }

    /// In a session of its own, so that what ends this process's group does not end it.
    ///
    /// - Returns: 0, or `errno`'s word for why not (`posix_spawn(3)`).
    private func spawn(_ words: [String]) -> CInt {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Self.ownSession)
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var child = pid_t()
        return posix_spawn(&child, "/proc/self/exe", nil, &attributes, &arguments, environ)
    }
}
