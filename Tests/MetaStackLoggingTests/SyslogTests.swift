import Synchronization
import Glibc
import Foundation
import Logging
import MetaStackLogging
import Testing

@Suite struct SyslogTests {
    @Test func sendsRFC5424InOneDatagramEach() async throws {
        let server = try TestServer(type: SOCK_DGRAM)
        try await withSink(.udp(host: "127.0.0.1", port: server.port)) { _, logger in
            logger.info("session granted", metadata: ["node": "n1"])
            logger.critical("two\nlines")
            let first = try server.datagram()
            #expect(
                first.wholeMatch(
                    of:
                        /<30>1 20\S+Z \S+ test-app \d+ session-granted \[metastack@32473 node="n1"\] session granted node=n1/
                ) != nil)
            #expect(try server.datagram().hasPrefix("<26>1 "))
        }
    }

    @Test func countsOctetsOverTCP() async throws {
        let server = try TestServer(type: SOCK_STREAM)
        try await withSink(.tcp(host: "127.0.0.1", port: server.port)) { _, logger in
            for text in hostile { logger.info("\(text)größe") }
            let connection = try server.accept()
            for _ in hostile { #expect(try connection.frame().hasSuffix("größe")) }
        }
    }

    @Test func writesToTheLocalDaemonAsItExpects() async throws {
        let path = NSTemporaryDirectory() + "/log-\(UUID().uuidString.prefix(8))"
        let server = try TestServer(path: path)
        defer { unlink(path) }
        try await withSink(.local(path: path)) { _, logger in
            logger.notice("hello", metadata: ["a": "b"])
            let record = try server.datagram()
            #expect(
                record.wholeMatch(
                    of: /<29>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d test-app\[\d+\]: hello a=b/)
                    != nil)
        }
    }

    @Test func changesTheServerLive() async throws {
        let first = try TestServer(type: SOCK_DGRAM)
        let second = try TestServer(type: SOCK_STREAM)
        try await withSink(.udp(host: "127.0.0.1", port: first.port)) { sink, logger in
            logger.info("one")
            try #expect(first.datagram().hasSuffix("one"))
            sink.setDestination(.tcp(host: "127.0.0.1", port: second.port))
            logger.info("two")
            try #expect(second.accept().frame().hasSuffix("two"))
            sink.setDestination(.none)
            logger.info("three")
            sink.setDestination(.udp(host: "127.0.0.1", port: first.port))
            logger.info("four")
            try #expect(first.datagram().hasSuffix("four"))
        }
    }

    @Test func neverWaitsForAServerThatIsAwayAndTellsOfTheGapLater() async throws {
        let reserved = try TestServer(type: SOCK_STREAM).port
        let destination = SyslogDestination.tcp(host: "127.0.0.1", port: reserved)
        try await withSink(destination, capacity: 10) { sink, logger in
            let start = ContinuousClock.now
            for number in 0..<1000 { logger.info("record \(number)") }
            #expect(ContinuousClock.now - start < .seconds(2))
            // Ten wait, and one may be in the thread's hand already.
            #expect((989...990).contains(sink.lostRecords))

            let server = try TestServer(type: SOCK_STREAM, port: reserved)
            let connection = try server.accept()
            let kept = 1000 - sink.lostRecords
            for number in 0..<kept {
                #expect(try connection.frame().hasSuffix(" record \(number)"))
            }
            let news = try connection.frame()
            #expect(news.hasPrefix("<28>1 "))
            #expect(news.hasSuffix("syslog records lost count=\(sink.lostRecords)"))
            logger.info("after")
            #expect(try connection.frame().hasSuffix(" after"))
        }
    }

    @Test func noticesAClosedUDPPortAndComesBack() async throws {
        let port = try TestServer(type: SOCK_DGRAM).port
        try await withSink(.udp(host: "127.0.0.1", port: port)) { sink, logger in
            logger.info("into the void")
            let deadline = ContinuousClock.now + .seconds(10)
            while sink.lostRecords == 0, ContinuousClock.now < deadline { await Task.yield() }
            let server = try TestServer(type: SOCK_DGRAM, port: port)
            logger.info("second")
            #expect(try server.datagram().hasSuffix("lost count=1"))
            #expect(try server.datagram().hasSuffix("second"))
            #expect(sink.lostRecords == 1)
        }
    }

    @Test func connectsAgainWhenTheServerEndsTheConnection() async throws {
        let server = try TestServer(type: SOCK_STREAM)
        try await withSink(.tcp(host: "127.0.0.1", port: server.port)) { _, logger in
            logger.info("one")
            do {
                let connection = try server.accept()
                #expect(try connection.frame().hasSuffix("one"))
            }
            // What is written before the end is noticed is lost unnoticed, so go on until one
            // arrives.
            // A thread of its own: this test blocks one of Swift's, and others may hold the rest.
            let isOver = Flag()
            Thread.detachNewThread {
                while !isOver.isSet {
                    logger.info("again")
                    sched_yield()
                }
            }
            defer { isOver.set() }
            #expect(try server.accept().frame().hasSuffix("again"))
        }
    }

    @Test func aServerThatReadsNothingHoldsUpNobody() async throws {
        let server = try TestServer(type: SOCK_STREAM)
        let destination = SyslogDestination.tcp(host: "127.0.0.1", port: server.port)
        let sink = SyslogSink(destination: destination, application: "test-app", capacity: 100)
        let logger = logger(to: sink)
        let long = String(repeating: "x", count: 7000)
        let start = ContinuousClock.now
        // The kernel's buffers on both sides take some MiB before the queue fills up.
        while sink.lostRecords == 0, ContinuousClock.now - start < .seconds(20) {
            logger.info("\(long)")
        }
        #expect(sink.lostRecords > 0)
        let closing = ContinuousClock.now
        await sink.close(within: .milliseconds(200))
        #expect(ContinuousClock.now - closing < .seconds(15))
    }

    @Test func cutsALineThatIsTooLong() async throws {
        let server = try TestServer(type: SOCK_DGRAM)
        try await withSink(.udp(host: "127.0.0.1", port: server.port)) { _, logger in
            logger.info("\(String(repeating: "ä", count: 100_000))")
            let record = try server.datagram()
            #expect(record.utf8.count < 8200)
            #expect(record.hasSuffix("ä…"))
        }
    }

    @Test func deliversWhatWaitsBeforeItCloses() async throws {
        let server = try TestServer(type: SOCK_STREAM)
        let sink = SyslogSink(
            destination: .tcp(host: "127.0.0.1", port: server.port), application: "test-app")
        let logger = logger(to: sink)
        for number in 0..<500 { logger.info("record \(number)") }
        await sink.close()
        await sink.close()
        logger.info("too late")
        let connection = try server.accept()
        for number in 0..<500 { #expect(try connection.frame().hasSuffix(" record \(number)")) }
        #expect(throws: TestFailure.self) { try connection.frame() }
    }
}

/// A sink that tries again quickly, closed also when the test fails.
private func withSink(
    _ destination: SyslogDestination, capacity: Int = 1000,
    _ body: (SyslogSink, Logger) async throws -> Void
) async throws {
    let sink = SyslogSink(
        destination: destination, application: "test-app", capacity: capacity,
        retryInterval: .milliseconds(50))
    do {
        try await body(sink, logger(to: sink))
    } catch {
        await sink.close(within: .zero)
        throw error
    }
    await sink.close(within: .zero)
}

/// A logger whose own output goes nowhere.
private func logger(to sink: SyslogSink) -> Logger {
    Logger(label: "tests") { label in
        MetaStackLogHandler(
            label: label, configuration: LogConfiguration(), syslog: sink, descriptor: -1)
    }
}

/// Something that a thread is told once.
private final class Flag: Sendable {
    private let state = Mutex(false)
    var isSet: Bool { state.withLock(\.self) }
    func set() { state.withLock { $0 = true } }
}
