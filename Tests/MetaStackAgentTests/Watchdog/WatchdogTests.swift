import Foundation
import Logging
import MetaStackModel
import MetaStackTesting
import ServiceLifecycle
import Synchronization
import Testing

@testable import MetaStackAgent

/// Agents with a watchdog, over a real etcd.
extension AgentTests {
    struct WatchdogTests {
        @Test func beatsFromItsStartOnAndIsReadyWithTheFirstProof() async throws {
            try await TestFleet.run { fleet in
                try await Watched.run(in: fleet, watchdog: .milliseconds(400)) { watched in
                    try await watched.until("it waits, and beats") {
                        $0.first == "STATUS=waiting for the first session\nWATCHDOG=1"
                            && $0.count { $0 == "WATCHDOG=1" } > 3
                    }
                    #expect(!watched.messages.contains { $0.hasPrefix("READY=1") })
                    fleet.start(watched.host, heartbeat: watched.heartbeat)
                    try await watched.until("it is ready and beats on") { messages in
                        let ready = messages.firstIndex { $0.hasPrefix("READY=1") }
                        return ready.map { messages[$0...].count { $0 == "WATCHDOG=1" } > 3 }
                            ?? false
                    }
                    #expect(watched.hangs == 0)
                }
            }
        }

        @Test func aWatchdogThatIsTooSlowForTheLeaseIsShortened() async throws {
            try await TestFleet.run(leaseTTL: .seconds(5)) { fleet in
                try await Watched.run(in: fleet, ttl: .seconds(5), watchdog: .seconds(30)) {
                    watched in
                    try await watched.until("it asks for less") { messages in
                        messages.first?.hasSuffix("WATCHDOG=1\nWATCHDOG_USEC=1833333") == true
                    }
                }
            }
        }

        @Test func endsAGuestThatCannotBeSuspendedAndBeatsOn() async throws {
            try await TestFleet.run { fleet in
                try await Watched.run(in: fleet, watchdog: .milliseconds(400)) { watched in
                    try await fleet.addTinyFlavourAndImage()
                    fleet.start(watched.host, heartbeat: watched.heartbeat)
                    try await fleet.want("web")
                    try await fleet.until("web runs") { $0.isRunning("web") }
                    let calls = watched.host.hypervisor.calls
                    calls.before(.suspend) { try await Task.sleep(for: .seconds(3600)) }
                    try await fleet.delete("hosts/a")
                    try await fleet.eventually("its process is ended") {
                        calls.count(of: .kill) >= 1
                    }
                    try await fleet.eventually("web runs again") {
                        await watched.host.hypervisor.created == 2
                    }
                    #expect(watched.hangs == 0)
                }
            }
        }

        @Test func doesNotBeatForASessionWhoseGuestsCannotBeEnded() async throws {
            try await TestFleet.run { fleet in
                try await Watched.run(in: fleet, watchdog: .milliseconds(400)) { watched in
                    try await fleet.addTinyFlavourAndImage()
                    fleet.start(watched.host, heartbeat: watched.heartbeat)
                    try await fleet.want("web")
                    try await fleet.until("web runs") { $0.isRunning("web") }
                    watched.host.hypervisor.calls.before(.suspend) {
                        try await Task.sleep(for: .seconds(3600))
                    }
                    watched.host.hypervisor.calls.before(.kill) {
                        try await Task.sleep(for: .seconds(3600))
                    }
                    try await fleet.delete("hosts/a")
                    try await watched.until("the watchdog is called") {
                        $0.contains("WATCHDOG=trigger")
                    }
                    #expect(watched.hangs == 1)
                    let after = watched.messages.drop { $0 != "WATCHDOG=trigger" }
                    #expect(after.count == 1, "it beat on for a loop that hangs: \(after)")
                }
            }
        }

        @Test func aShutdownReleasesTheDeviceAndSaysSo() async throws {
            let fifo = try Fifo()
            let manager = try NotifySocket()
            let heartbeat = Heartbeat(ttl: .seconds(5))
            let service = WatchdogService(
                heartbeat,
                notifier: try SystemdNotifier(environment: ["NOTIFY_SOCKET": manager.name]),
                device: try WatchdogDevice(
                    path: fifo.path, timeout: .seconds(3), control: FakeControl()),
                budget: WatchdogBudget(ttl: .seconds(5)), logger: .silent, onHang: {})
            let group = ServiceGroup(services: [service], logger: .silent)
            try await withThrowingTaskGroup { tasks in
                tasks.addTask { try await group.run() }
                heartbeat.turned(.session, at: .now, isProven: true)
                var read: [UInt8] = []
                while read.isEmpty {
                    try await Task.sleep(for: .milliseconds(5))
                    read = fifo.read()
                }
                #expect(read.allSatisfy { $0 == 0 })
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
            }
            #expect(fifo.read().last == UInt8(ascii: "V"))
            #expect(manager.messages().last == "STOPPING=1")
        }

        @Test func anEndThatIsNoShutdownLeavesTheDeviceRunning() async throws {
            let fifo = try Fifo()
            let service = WatchdogService(
                Heartbeat(ttl: .seconds(5)), notifier: nil,
                device: try WatchdogDevice(
                    path: fifo.path, timeout: .seconds(3), control: FakeControl()),
                budget: WatchdogBudget(ttl: .seconds(5)), logger: .silent, onHang: {})
            try await withThrowingTaskGroup { tasks in
                tasks.addTask { try await service.run() }
                while fifo.read().isEmpty { try await Task.sleep(for: .milliseconds(5)) }
                tasks.cancelAll()
                try await tasks.waitForAll()
            }
            #expect(!fifo.read().contains(UInt8(ascii: "V")))
        }
    }
}

/// A host whose agent's heartbeat feeds a watchdog, and what the service manager hears of it.
final class Watched: Sendable {
    let host: TestHost
    let heartbeat: Heartbeat
    private let socket: Mutex<NotifySocket>
    private let heard = Mutex<[String]>([])
    private let counter = Atomic(0)

    /// How often a loop was found to hang.
    var hangs: Int { counter.load(ordering: .relaxed) }

    private init(_ host: TestHost, ttl: Duration, _ socket: sending NotifySocket) {
        self.host = host
        heartbeat = Heartbeat(ttl: ttl)
        self.socket = Mutex(socket)
    }

    /// Runs the watchdog for the time of `body`; the agent is the body's to start.
    static func run(
        in fleet: TestFleet, ttl: Duration = .seconds(2), watchdog: Duration,
        _ body: (Watched) async throws -> Void
    ) async throws {
        let socket = try NotifySocket()
        let environment = [
            "NOTIFY_SOCKET": socket.name,
            "WATCHDOG_USEC": "\(Int(watchdog / .microseconds(1)))",
        ]
        let watched = Watched(try fleet.host("a", number: 1), ttl: ttl, socket)
        let service = WatchdogService(
            watched.heartbeat, notifier: try SystemdNotifier(environment: environment), device: nil,
            budget: WatchdogBudget(ttl: ttl), logger: .silent,
            onHang: { watched.counter.add(1, ordering: .relaxed) })
        try await withThrowingTaskGroup { group in
            group.addTask { try await service.run() }
            defer { group.cancelAll() }
            try await body(watched)
        }
    }

    /// All that the service manager has heard.
    var messages: [String] {
        let new = socket.withLock { $0.messages() }
        return heard.withLock { heard in
            heard += new
            return heard
        }
    }

    func until(_ what: String, _ isSo: ([String]) -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(15)
        while !isSo(messages) {
            guard ContinuousClock.now < end else {
                throw TestingError("it never came true that \(what): \(messages)")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}

extension Logger {
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}
