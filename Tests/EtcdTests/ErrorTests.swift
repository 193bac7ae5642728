import Etcd
import Foundation
import Testing

@Suite(.timeLimit(.minutes(3))) struct ErrorTests {
    @Test(arguments: [
        ("10.0.0.1:2379", "has no http:// or https:// in front"),
        ("ftp://10.0.0.1:2379", "has the scheme ftp"),
        ("http://", "names no host"),
        ("http://me:secret@host:2379", "belongs into the credentials"),
        ("http://host:2379/v3", "has something behind the port"),
        ("http://host:99999", "has the port 99999"),
        ("http://ho st:2379", "is no URL"),
        ("", "has no http:// or https:// in front"),
    ])
    func saysWhatIsWrongWithAnEndpoint(endpoint: String, reason: String) {
        let error = #expect(throws: EtcdError.self) {
            _ = try EtcdClient(EtcdConfiguration(endpoints: [endpoint]), logger: quiet)
        }
        #expect(error?.code == .badConfiguration)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test func refusesAConfigurationThatCannotWork() {
        func code(_ configuration: EtcdConfiguration) -> EtcdError? {
            #expect(throws: EtcdError.self) { _ = try EtcdClient(configuration, logger: quiet) }
        }
        #expect(code(EtcdConfiguration(endpoints: []))?.code == .badConfiguration)
        let missing = EtcdConfiguration(
            endpoints: ["https://h:1"], tls: .init(ca: "/nonexistent/ca.pem"))
        #expect(code(missing)?.message.contains("/nonexistent/ca.pem: No such file") == true)
        let plain = EtcdConfiguration(endpoints: ["http://h:1"], tls: .init())
        #expect(code(plain)?.message.contains("use https://") == true)
        let keyless = EtcdConfiguration(
            endpoints: ["https://h:1"], tls: .init(certificate: "/dev/null"))
        #expect(code(keyless)?.message.contains("only together") == true)
    }

    @Test func saysThatNobodyListens() async throws {
        let url = "http://127.0.0.1:\(try freePort())"
        try await withClient(EtcdConfiguration(endpoints: [url])) { etcd in
            let error = await expect(.unavailable) { try await etcd.put(Key("a"), Data()) }
            #expect(error?.isConnectionRefused == true)
            #expect(error?.isRetriable == true)
            #expect(error?.endpoint == url)
            let status = await expect(.unavailable) {
                _ = try await etcd.status(endpoint: url, deadline: .seconds(1))
            }
            #expect(status?.isConnectionRefused == true)
        }
    }

    @Test func passesOnTheCodeAndWordsOfEtcd() async throws {
        try await withEtcd { _, etcd in
            let large = await expect(.requestTooLarge) {
                try await etcd.put(Key("a"), Data(count: 2_000_000))
            }
            #expect(large?.message == "etcdserver: request is too large")
            #expect(large?.grpcCode == 3)
            await expect(.futureRevision) {
                _ = try await etcd.range(
                    RangeRequest(.all, revision: Revision(rawValue: 1_000_000)))
            }
            let twice = Transaction(
                if: [], then: [.put(Key("a"), Data()), .put(Key("a"), Data())])
            let invalid = await expect(.invalidRequest) { _ = try await etcd.transact(twice) }
            #expect(invalid?.message == "etcdserver: duplicate key given in txn request")
            await expect(.invalidRequest) { try await etcd.put(Key(""), Data()) }
        }
    }

    @Test func saysThatSomethingElseAnswers() async throws {
        // etcd's peer port speaks HTTP too, and knows none of the client's paths.
        try await withEtcd { cluster, _ in
            let configuration = EtcdConfiguration(endpoints: [cluster.server.peerURL])
            try await withClient(configuration) { etcd in
                await expect(.malformedAnswer) { _ = try await etcd.get(Key("a")) }
            }
        }
    }

    @Test func keepsItsDeadlineWhenEtcdHangs() async throws {
        try await withEtcd { cluster, etcd in
            try await etcd.put(Key("a"), Data("1"))
            let lease = try await etcd.grantLease(ttl: .seconds(60)).id
            cluster.server.stall()
            defer { cluster.server.wake() }
            let started = ContinuousClock.now
            await expect(.deadlineExceeded) {
                _ = try await etcd.get(Key("a"), deadline: .milliseconds(300))
            }
            await expect(.deadlineExceeded) {
                _ = try await etcd.keepAlive(lease, deadline: .milliseconds(300))
            }
            await expect(.deadlineExceeded) {
                _ = try await etcd.status(
                    endpoint: cluster.server.clientURL, deadline: .milliseconds(300))
            }
            let took = ContinuousClock.now - started
            #expect(took > .milliseconds(890) && took < .seconds(10), "\(took)")
        }
    }

    @Test func saysThatAnOutcomeIsUnknownAndDoesNotTryAgain() async throws {
        try await withEtcd { cluster, etcd in
            let before = try await etcd.put(Key("a"), Data("1"))
            cluster.server.stall()
            let error = await expect(.outcomeUnknown) {
                try await etcd.put(Key("a"), Data("2"), deadline: .milliseconds(300))
            }
            #expect(error?.isRetriable == false)
            cluster.server.wake()
            // etcd may find the request in its socket, or the end of the connection first. A
            // second sending would be a second write, which the key's version counts.
            try await etcd.put(Key("b"), Data(), deadline: .seconds(20))
            let read = try #require(try await etcd.get(Key("a")))
            #expect(read.version <= 2 && read.createRevision == before)
        }
    }

    @Test func endsCallsAndWatchesAtShutdown() async throws {
        try await withEtcd { cluster, _ in
            let etcd = try EtcdClient(cluster.configuration, logger: quiet)
            let start = try await etcd.put(Key("a"), Data())
            var iterator = etcd.watch(.all, from: start).makeAsyncIterator()
            _ = try await iterator.next()
            async let ended: Void = etcd.shutdown()
            await expect(.shutDown) { _ = try await iterator.next() }
            await ended
            await expect(.shutDown) { _ = try await etcd.get(Key("a")) }
            await etcd.shutdown()
        }
    }

    @Test func endsACallWhenItsTaskIsCancelled() async throws {
        try await withEtcd { cluster, etcd in
            try await etcd.put(Key("a"), Data())
            cluster.server.stall()
            defer { cluster.server.wake() }
            let call = Task { try await etcd.get(Key("a"), deadline: .seconds(60)) }
            let started = ContinuousClock.now
            call.cancel()
            await #expect(throws: CancellationError.self) { try await call.value }
            #expect(ContinuousClock.now - started < .seconds(5))
        }
    }
}
