import Foundation
import MetaStackAgent
import MetaStackModel
import MetaStackTesting
import Testing

extension AgentTests {
    struct ConsoleTests {
        @Test func theConsolesOfDeletedVMsGoADayAfterTheirLastWord() async throws {
            let directory = try TemporaryDirectory(prefix: "metastack-consoles")
            defer { directory.remove() }
            let old = Date(timeIntervalSinceNow: -25 * 3600)
            for name in ["web.log", "gone.log", "gone.log.0", "lately.log", "notes.txt"] {
                let path = "\(directory.path)/\(name)"
                try Data("login:".utf8).write(to: URL(filePath: path))
                guard name != "lately.log" else { continue }
                try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: path)
            }
            let consoles = ConsoleLogs(directory: directory.path)
            try await TestFleet.run { fleet in
                try await fleet.addTinyFlavourAndImage()
                let host = try fleet.host("a", number: 1)
                fleet.start(
                    host,
                    adjust: { parts in
                        parts.consoles = consoles
                        parts.clock = HastyClock()
                    })
                try await fleet.want("web")
                try await fleet.until("web runs") { $0.isRunning("web") }
                try await fleet.eventually("the old consoles have gone") {
                    try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
                        == ["lately.log", "notes.txt", "web.log"]
                }
            }
        }
    }
}

/// For whom an hour is soon over.
private struct HastyClock: NodeClock {
    private let clock = SystemClock()

    var now: ContinuousClock.Instant { clock.now }
    var timestamp: Timestamp { clock.timestamp }

    func sleep(until instant: ContinuousClock.Instant) async throws {
        let isLong = instant > now + .seconds(1800)
        try await clock.sleep(until: isLong ? now + .milliseconds(200) : instant)
    }
}
