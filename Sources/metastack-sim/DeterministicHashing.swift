import Foundation

/// Sets and dictionaries are walked in an order that Swift seeds anew for each process, and a replay
/// needs the same one.
enum DeterministicHashing {
    private static let name = "SWIFT_DETERMINISTIC_HASHING"

    /// Starts this program again with the environment that it needs, unless it has it.
    static func ensure() throws {
        guard ProcessInfo.processInfo.environment[name] == nil else { return }
        setenv(name, "1", 1)
        var arguments = CommandLine.arguments.map { strdup($0) }
        arguments.append(nil)
        execv("/proc/self/exe", arguments)
        throw SimError("cannot start again with \(name)=1: \(String(cString: strerror(errno)))")
    }
}

/// What keeps the command from its work.
struct SimError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
