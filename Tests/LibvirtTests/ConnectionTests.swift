import Dispatch
import Glibc
import Testing

@testable import Libvirt

/// Opening, closing, and what is left of either.
@Suite(.timeLimit(.minutes(2))) struct ConnectionTests {
    @Test func aDaemonThatIsNotThereIsAnErrorThatSaysSo() async {
        let uri = "qemu+unix:///system?socket=/nonexistent/libvirt-sock"
        let error = await #expect(throws: LibvirtError.self) {
            try await LibvirtConnection.open(uri: uri)
        }
        #expect(error?.action == "open connection")
        #expect(error?.subject == uri)
        #expect(error?.message.contains("/nonexistent/libvirt-sock") == true)
        #expect(error?.isRetriable == true)
    }

    @Test func aMalformedURIIsNotRetriable() async {
        let error = await #expect(throws: LibvirtError.self) {
            try await LibvirtConnection.open(uri: "qemu+nonsense:///system")
        }
        #expect(error?.isRetriable == false)
    }

    @Test func aClosedConnectionRefusesCallsAndEndsItsStreams() async throws {
        let connection = try await LibvirtConnection.open(uri: "test:///default")
        #expect(await connection.isAlive)
        let events = connection.events()
        async let reason = connection.closed()
        await connection.close()
        #expect(await reason == .client)
        #expect(await connection.closed() == .client)
        for await _ in events { Issue.record("an event after the end") }
        for await _ in connection.events() { Issue.record("an event after the end") }
        #expect(await !connection.isAlive)
        let error = await #expect(throws: LibvirtError.self) { try await connection.domains() }
        #expect(error?.code == .closed)
        await connection.close()
    }

    @Test func waitingForTheEndCanBeCancelled() async throws {
        let connection = try await LibvirtConnection.open(uri: "test:///default")
        let waiting = Task { await connection.closed() }
        waiting.cancel()
        #expect(await waiting.value == nil)
        await connection.close()
    }

    @Test func aDeadlineEndsACallThatHangs() async throws {
        let connection = try await LibvirtConnection.open(
            uri: "test:///default", deadline: .seconds(3))
        let gate = DispatchSemaphore(value: 0)
        let error = await #expect(throws: LibvirtError.self) {
            try await connection.call(Attempt("hang", "test")) { _ in
                _ = gate.wait(timeout: .now() + 60)
            }
        }
        #expect(error?.code == .deadlineExceeded)
        #expect(error?.isRetriable == true)
        gate.signal()
        await connection.close()
    }

    /// libvirt's writes to a daemon that has just died raise SIGPIPE.
    @Test func aBrokenPipeDoesNotEndTheProcess() async {
        await #expect(processExitsWith: .success) {
            signal(SIGPIPE, SIG_DFL)
            let connection = try await LibvirtConnection.open(uri: "test:///default")
            raise(SIGPIPE)
            await connection.close()
        }
    }

    @Test func theProgramsOwnSignalHandlerStays() async {
        await #expect(processExitsWith: .exitCode(7)) {
            signal(SIGPIPE, leaveWithSeven)
            let connection = try await LibvirtConnection.open(uri: "test:///default")
            raise(SIGPIPE)
            await connection.close()
        }
    }

    /// In a process of its own, as other tests' connections keep the loop running.
    @Test func theEventLoopRunsWhileAConnectionIsOpenAndEndsWithTheLast() async {
        await #expect(processExitsWith: .success) {
            #expect(!EventLoop.shared.isRunning)
            // Nothing but the release itself wakes the loop here.
            try EventLoop.shared.retain()
            EventLoop.shared.release()
            await eventually("the loop ends") { !EventLoop.shared.isRunning }
            for _ in 0..<3 {
                let first = try await LibvirtConnection.open(uri: "test:///default")
                let second = try await LibvirtConnection.open(uri: "test:///default")
                #expect(EventLoop.shared.isRunning)
                await first.close()
                await second.close()
            }
            await eventually("the loop ends") { !EventLoop.shared.isRunning }
            let again = try await LibvirtConnection.open(uri: "test:///default")
            let events = again.events()
            let domain = try await again.create(.example("again"), paused: false)
            for await event in events where event.domain?.uuid == domain.uuid { break }
            await again.close()
        }
    }
}

/// A signal handler.
private func leaveWithSeven(_: Int32) { _exit(7) }
