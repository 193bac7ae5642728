import Foundation

/// A program that serves a network beside the agent: it runs by itself, so that guests are served
/// while the agent is being upgraded, and is found by the file that it leaves its number in.
struct Daemon: Sendable, Hashable {
    let program: String
    let arguments: [String]
    /// One of the arguments, which no other process has: numbers are given again.
    let mark: String
    /// Where it leaves its process's number.
    let file: String

    private static let mostWait = Duration.seconds(5)
    private static let look = Duration.milliseconds(5)

    /// The process, if it runs and is this one.
    var process: pid_t? {
        guard let data = FileManager.default.contents(atPath: file),
            let text = String(bytes: data, encoding: .utf8),
            let process = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)),
            process > 1,
            let words = FileManager.default.contents(atPath: "/proc/\(process)/cmdline")
        else { return nil }
        let found = words.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        return found.contains(mark) ? process : nil
    }

    /// Starts it where its network is, and returns once it has said its number.
    func start(_ inside: HostCommands) async throws(NetworkPlaneError) {
        try await inside.run(program, arguments)
        try await wait("\(program) does not start, see the host's log") { process != nil }
    }

    /// Has it read its files again (SIGHUP), if it runs.
    func reread() {
        if let process { kill(process, SIGHUP) }
    }

    /// Ends it and waits for that.
    func end() async throws(NetworkPlaneError) {
        guard let process else { return }
        kill(process, SIGTERM)
        do {
            try await wait("\(program) \(process) does not end") { self.process != process }
        } catch {
            kill(process, SIGKILL)
            throw error
        }
    }

    private func wait(
        _ complaint: String, until isDone: () -> Bool
    ) async throws(NetworkPlaneError) {
        let clock = ContinuousClock()
        let begin = clock.now
        while !isDone() {
            guard clock.now - begin < Self.mostWait else {
                throw NetworkPlaneError(.unsettled, complaint)
            }
            do {
                try await Task.sleep(for: Self.look)
            } catch {
                throw NetworkPlaneError(.unsettled, "\(complaint), and nobody waits any more")
            }
        }
    }
}
