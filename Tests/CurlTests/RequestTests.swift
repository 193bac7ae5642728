import Curl
import Foundation
import Testing

@Suite(.timeLimit(.minutes(1))) struct RequestTests {
    @Test func sendsABodyAndCollectsTheAnswer() async throws {
        let server = try RawServer { connection in
            while let request = connection.request() { connection.answer("got \(request)") }
        }
        let curl = try Curl()
        var request = CurlRequest("\(server.url)/path", method: .post(Data("hello".utf8)))
        request.headers["X-Test"] = "yes"
        for _ in 0..<3 {
            let response = try await curl.perform(request)
            let text = String(decoding: response.body, as: UTF8.self)
            #expect(response.head.status == 200)
            #expect(text.hasPrefix("got POST /path HTTP/1.1\r\n"))
            #expect(text.contains("X-Test: yes\r\n") && text.hasSuffix("\r\n\r\nhello"))
        }
        #expect(server.connectionCount == 1, "one kept connection serves all")
        await curl.shutdown()
    }

    @Test func runsNoMoreThanTheLimitAtATimeAndAllInTheEnd() async throws {
        let server = try RawServer { connection in
            while connection.request() != nil { connection.answer("ok") }
        }
        let curl = try Curl(limits: CurlLimits(transfers: 3))
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<200 {
                group.addTask { try await curl.perform(CurlRequest(server.url)).head.status }
            }
            for try await status in group { #expect(status == 200) }
        }
        #expect(server.connectionCount <= 3)
        await curl.shutdown()
    }

    @Test func refusesWhatIsNoRequest() async throws {
        let curl = try Curl()
        await expect(.badRequest) { _ = try await curl.perform(CurlRequest("file:///etc/hosts")) }
        await expect(.badRequest) { _ = try await curl.perform(CurlRequest("http://a b/")) }
        var split = CurlRequest("http://127.0.0.1:1/")
        split.headers["Authorization"] = "token\r\nX-Evil: yes"
        await expect(.badRequest) { [split] in _ = try await curl.perform(split) }
        await curl.shutdown()
    }

    @Test func endsAtTheDeadlineWhetherItRunsOrWaits() async throws {
        let server = try RawServer {
            _ = $0.request(); _ = $0.waitForClose()
        }
        let curl = try Curl(limits: CurlLimits(transfers: 1))
        var request = CurlRequest(server.url)
        request.deadline = .seconds(6)
        let running = Task { [request] in try await curl.perform(request) }
        while curl.transferCount == 0 { await Task.yield() }
        request.deadline = .milliseconds(200)
        let started = ContinuousClock.now
        let late = await expect(.timedOut) { [request] in _ = try await curl.perform(request) }
        #expect(ContinuousClock.now - started < .seconds(5))
        #expect(late?.wasSent == false)
        let error = await expect(.timedOut) { _ = try await running.value }
        #expect(error?.wasSent == true)
        await curl.shutdown()
    }

    @Test func removesTheTransferAndItsConnectionWhenCancelled() async throws {
        let closed = Signal<Bool>()
        let asked = Signal<Bool>()
        let server = try RawServer { connection in
            asked.send(connection.request() != nil)
            closed.send(connection.waitForClose())
        }
        let curl = try Curl()
        let call = Task { try await curl.perform(CurlRequest(server.url)) }
        #expect(await asked.wait() == true)
        #expect(curl.transferCount == 1)
        call.cancel()
        await #expect(throws: CancellationError.self) { try await call.value }
        #expect(await closed.wait() == true)
        while curl.transferCount != 0 { await Task.yield() }
        await curl.shutdown()
    }

    @Test func doesNotSendAgainWhatMustNotHappenTwice() async throws {
        let server = try RawServer { connection in
            // The first request of a connection is answered, the second is read and dropped.
            guard connection.request() != nil else { return }
            connection.answer("ok")
            _ = connection.request()
        }
        let curl = try Curl()
        var request = CurlRequest(server.url, method: .post(Data("x".utf8)))
        request.mayBeSentTwice = false
        _ = try await curl.perform(request)
        let error = await expect(.connectionLost) { [request] in
            _ = try await curl.perform(request)
        }
        #expect(error?.wasSent == true)
        // Counted off once its caller has been told.
        while curl.transferCount != 0 { await Task.yield() }

        _ = try await curl.perform(CurlRequest(server.url))
        let again = try await curl.perform(CurlRequest(server.url))
        #expect(again.head.status == 200, "a read is sent again on a new connection")
        await curl.shutdown()
    }

    @Test func saysThatNothingWasSentWhenNobodyListens() async throws {
        let url = try { try RawServer { _ in }.url }()
        let curl = try Curl()
        let error = await expect(.cannotConnect) { _ = try await curl.perform(CurlRequest(url)) }
        #expect(error?.wasSent == false)
        #expect(error?.systemError == ECONNREFUSED)
        await curl.shutdown()
    }

    @Test func endsEverythingAtShutdown() async throws {
        let asked = Signal<Bool>()
        let server = try RawServer { connection in
            asked.send(connection.request() != nil)
            _ = connection.waitForClose()
        }
        let curl = try Curl()
        let call = Task { try await curl.perform(CurlRequest(server.url)) }
        #expect(await asked.wait() == true)
        await curl.shutdown()
        await expect(.shutDown) { _ = try await call.value }
        await expect(.shutDown) { _ = try await curl.perform(CurlRequest(server.url)) }
    }
}

/// Expects a `CurlError` of this code.
@discardableResult
func expect(
    _ code: CurlError.Code, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
) async -> CurlError? {
    let error = await #expect(throws: CurlError.self, sourceLocation: sourceLocation) {
        try await body()
    }
    #expect(
        error?.code == code, "\(error.map(String.init(describing:)) ?? "none")",
        sourceLocation: sourceLocation)
    return error
}
