import Foundation
import Testing

@testable import MetaStackAgent

struct SystemdNotifierTests {
    @Test(arguments: [false, true])
    func aMessageIsOneDatagramWithALineForEachWord(isAbstract: Bool) throws {
        let manager = try NotifySocket(isAbstract: isAbstract)
        let notifier = try #require(
            try SystemdNotifier(environment: ["NOTIFY_SOCKET": manager.name]))
        try notifier.send([.ready, .watchdog(.milliseconds(1250)), .status("two words")])
        try notifier.send([.alive])
        try notifier.send([.broken])
        #expect(
            manager.messages() == [
                "READY=1\nWATCHDOG_USEC=1250000\nSTATUS=two words", "WATCHDOG=1",
                "WATCHDOG=trigger",
            ])
    }

    @Test func nobodyIsToldWhereNobodyAsked() throws {
        #expect(try SystemdNotifier(environment: [:]) == nil)
        #expect(try SystemdNotifier(environment: ["NOTIFY_SOCKET": ""]) == nil)
    }

    @Test func onlyTheProcessThatIsMeantIsWatched() throws {
        var environment = ["NOTIFY_SOCKET": "@nobody", "WATCHDOG_USEC": "1800000"]
        let anybody = try SystemdNotifier(environment: environment, process: 7)
        #expect(anybody?.watchdog == .milliseconds(1800))
        environment["WATCHDOG_PID"] = "7"
        let mine = try SystemdNotifier(environment: environment, process: 7)
        #expect(mine?.watchdog == .milliseconds(1800))
        let other = try SystemdNotifier(environment: environment, process: 8)
        #expect(other?.watchdog == nil)
        environment["WATCHDOG_USEC"] = nil
        let unwatched = try SystemdNotifier(environment: environment, process: 7)
        #expect(unwatched?.watchdog == nil)
    }

    @Test func aManagerThatIsGoneIsAnErrorWithItsAddress() throws {
        let notifier = try #require(
            try SystemdNotifier(environment: ["NOTIFY_SOCKET": "/nowhere/notify"]))
        let error = #expect(throws: WatchdogError.self) { try notifier.send([.alive]) }
        #expect(error?.description.contains("/nowhere/notify") == true)
    }

    @Test func anAddressThatIsNoUnixSocketIsRefused() {
        let long = "/" + String(repeating: "x", count: 108)
        for address in ["vsock:2:1", "notify", long] {
            #expect(throws: WatchdogError.self) {
                try SystemdNotifier(environment: ["NOTIFY_SOCKET": address])
            }
        }
    }

    @Test func noChildInheritsTheSocket() throws {
        let notifier = try #require(try SystemdNotifier(environment: ["NOTIFY_SOCKET": "@nobody"]))
        #expect(fcntl(notifier.descriptor, F_GETFD) & FD_CLOEXEC != 0)
        withExtendedLifetime(notifier) {}
    }
}
