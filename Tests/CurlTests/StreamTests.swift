import Curl
import Foundation
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct StreamTests {
    @Test func deliversEachPieceAsSoonAsItArrives() async throws {
        let goOn = DispatchSemaphore(value: 0)
        let server = try RawServer { connection in
            _ = connection.request()
            connection.write("HTTP/1.1 200 OK\r\n\r\n")
            for piece in ["one", "two", "three"] {
                connection.write(piece)
                goOn.wait()
            }
        }
        let curl = try Curl()
        let stream = try await curl.stream(CurlRequest(server.url))
        var pieces: [String] = []
        for try await piece in stream {
            pieces.append(String(decoding: piece, as: UTF8.self))
            goOn.signal()
        }
        #expect(pieces == ["one", "two", "three"])
        await curl.shutdown()
    }

    @Test func slowsTheServerDownWhileNobodyReads() async throws {
        let total = 64 * 1024 * 1024
        let sent = Mutex(0)
        let server = try RawServer { connection in
            _ = connection.request()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
            let piece = String(repeating: "x", count: 1024 * 1024)
            while connection.write(piece) { sent.withLock { $0 += piece.utf8.count } }
        }
        let curl = try Curl()
        var request = CurlRequest(server.url)
        request.bufferLimit = 256 * 1024
        request.idleTimeout = .seconds(2)
        let stream = try await curl.stream(request)
        #expect(stream.head.contentLength == Int64(total))
        // Longer than the idle time-out, which does not count while the reader is the slow one.
        try await Task.sleep(for: .seconds(3))
        #expect(sent.withLock { $0 } < 32 * 1024 * 1024)
        var received = 0
        var largest = 0
        while received < total, let piece = try await stream.next() {
            received += piece.count
            largest = max(largest, piece.count)
        }
        #expect(received == total)
        #expect(largest <= request.bufferLimit)
        await curl.shutdown()
    }

    @Test func followsRedirectsToTheAnswer() async throws {
        let server = try RawServer { connection in
            while let request = connection.request() {
                if request.hasPrefix("GET /image ") {
                    connection.answer("the image")
                } else {
                    connection.answer(
                        "go on", status: "302 Found", header: "Location: /image\r\n")
                }
            }
        }
        let curl = try Curl()
        var request = CurlRequest("\(server.url)/latest")
        #expect(try await curl.perform(request).head.status == 302)
        request.redirectLimit = 3
        let stream = try await curl.stream(request)
        #expect(
            stream.head == CurlHead(status: 200, contentLength: 9, url: "\(server.url)/image"))
        #expect(try await stream.next() == Data("the image".utf8))
        #expect(try await stream.next() == nil)
        await curl.shutdown()
    }

    @Test func givesUpAfterTooManyRedirects() async throws {
        let server = try RawServer { connection in
            while connection.request() != nil {
                connection.answer("", status: "302 Found", header: "Location: /again\r\n")
            }
        }
        let curl = try Curl()
        var request = CurlRequest(server.url)
        request.redirectLimit = 3
        await expect(.tooManyRedirects) { [request] in _ = try await curl.stream(request) }
        await curl.shutdown()
    }

    @Test func checksTheStatusWhereAsked() async throws {
        let server = try RawServer { connection in
            while connection.request() != nil { connection.answer("no", status: "404 Not Found") }
        }
        let curl = try Curl()
        var request = CurlRequest(server.url)
        request.requiresSuccess = true
        await expect(.status(404)) { [request] in _ = try await curl.stream(request) }
        await expect(.status(404)) { [request] in _ = try await curl.perform(request) }
        await curl.shutdown()
    }

    @Test func reportsABodyThatBreaksOff() async throws {
        let server = try RawServer { connection in
            _ = connection.request()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        }
        let curl = try Curl()
        let stream = try await curl.stream(CurlRequest(server.url))
        #expect(try await stream.next() == Data("half".utf8))
        await expect(.connectionLost) { _ = try await stream.next() }
        await curl.shutdown()
    }

    @Test func endsASilentStreamAfterTheIdleTimeout() async throws {
        let server = try RawServer { connection in
            _ = connection.request()
            connection.write("HTTP/1.1 200 OK\r\n\r\nfirst")
            _ = connection.waitForClose()
        }
        let curl = try Curl()
        var request = CurlRequest(server.url)
        request.idleTimeout = .milliseconds(300)
        let stream = try await curl.stream(request)
        #expect(try await stream.next() == Data("first".utf8))
        await expect(.timedOut) { _ = try await stream.next() }
        await curl.shutdown()
    }

    @Test func closesTheConnectionWhenTheStreamIsDropped() async throws {
        let closed = Signal<Bool>()
        let server = try RawServer { connection in
            _ = connection.request()
            connection.write("HTTP/1.1 200 OK\r\n\r\nfirst")
            closed.send(connection.waitForClose())
        }
        let curl = try Curl()
        var stream: CurlStream? = try await curl.stream(CurlRequest(server.url))
        #expect(try await stream?.next() == Data("first".utf8))
        stream = nil
        #expect(await closed.wait() == true)
        await curl.shutdown()
    }

    @Test func refusesABodyAboveItsLimit() async throws {
        let server = try RawServer { connection in
            _ = connection.request()
            connection.answer(String(repeating: "x", count: 5000))
        }
        let curl = try Curl()
        var request = CurlRequest(server.url)
        request.bodyLimit = 4000
        await expect(.bodyTooLarge) { [request] in _ = try await curl.perform(request) }
        await curl.shutdown()
    }
}
