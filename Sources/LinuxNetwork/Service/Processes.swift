import Foundation

/// The dnsmasq of a network, found by the file that it leaves its process's number in.
enum Processes {
    private static let mostWait = Duration.seconds(5)

    /// The process, if it runs and is the one that the files are of.
    static func running(_ files: ServiceFiles) -> pid_t? {
        guard let data = FileManager.default.contents(atPath: files.process),
            let text = String(bytes: data, encoding: .utf8),
            let process = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)),
            process > 1,
            let words = FileManager.default.contents(atPath: "/proc/\(process)/cmdline")
        else { return nil }
        // Numbers are given again.
        let arguments = words.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        return arguments.contains("--conf-file=\(files.configuration)") ? process : nil
    }

    /// Has it read its leases and names again (`man dnsmasq`, SIGHUP).
    static func reread(_ process: pid_t) { kill(process, SIGHUP) }

    /// Ends it and waits for that.
    static func end(_ files: ServiceFiles) async throws(NetworkPlaneError) {
        guard let process = running(files) else { return }
        kill(process, SIGTERM)
        let clock = ContinuousClock()
        let begin = clock.now
        while running(files) == process {
            guard clock.now - begin < mostWait else {
                kill(process, SIGKILL)
                throw NetworkPlaneError(.unsettled, "dnsmasq \(process) does not end")
            }
            do {
                try await Task.sleep(for: .milliseconds(5))
            } catch {
                throw NetworkPlaneError(.unsettled, "dnsmasq \(process) was left ending")
            }
        }
    }
}
