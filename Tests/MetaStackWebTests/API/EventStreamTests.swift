import Curl
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

@testable import MetaStackWeb

/// `/api/v1/events` as a browser hears it.
@Suite(.serialized) struct EventStreamTests {
    /// What one event says, by the names of its lines.
    private typealias Told = [String: String]

    /// Listens, does something meanwhile, and returns once so many events have come.
    private static func hear(
        _ count: Int, of query: String, headers: [String: String] = [:], _ server: LiveServer,
        meanwhile: () async throws -> Void = {}
    ) async throws -> [Told] {
        var request = CurlRequest(server.url + "/api/v1/events" + query)
        request.headers = headers
        request.headers["Authorization"] = "Bearer \(server.secrets[.viewer] ?? "")"
        request.admission = .atOnce
        // Something is said now and then, whatever happens: only the whole has an end.
        request.deadline = .seconds(40)
        let stream = try await server.curl.stream(request)
        guard stream.head.isSuccess else { throw TestingError("status \(stream.head.status)") }
        try await meanwhile()
        var text = ""
        while true {
            let told = events(in: text)
            if told.count >= count {
                stream.cancel()
                return told
            }
            guard let piece = try await stream.next() else {
                throw TestingError("the stream has ended after \(text)")
            }
            text += String(decoding: piece, as: UTF8.self)
        }
    }

    /// Those that are whole; comments are none.
    private static func events(in text: String) -> [Told] {
        text.split(separator: "\n\n", omittingEmptySubsequences: false).dropLast()
            .compactMap { block in
                var told: Told = [:]
                for line in block.split(separator: "\n") where !line.hasPrefix(":") {
                    let parts = line.split(separator: ":", maxSplits: 1)
                    guard parts.count == 2 else { continue }
                    told[String(parts[0])] = String(parts[1].dropFirst())
                }
                return told.isEmpty ? nil : told
            }
    }

    private static func flavour(_ name: String, _ server: LiveServer) async throws {
        try await server.put(.flavour(FlavourID(unchecked: name)), try Flavour.tiny())
    }

    /// The ids of the things, in order.
    private static func ids(_ told: [Told]) -> [String] {
        told.compactMap { $0["data"]?.firstMatch(of: /"id":"([^"]+)"/).map { String($0.1) } }
    }

    @Test func aStreamGoesOnWhereItBrokeOff() async throws {
        try await LiveServer.run { server in
            let first = try await Self.hear(1, of: "?kinds=flavour", server) {
                try await Self.flavour("f1", server)
            }
            #expect(Self.ids(first) == ["f1"] && first[0]["event"] == "flavour")
            let seen = try #require(first[0]["id"])

            // Nobody listens now.
            try await Self.flavour("f2", server)
            try await server.put(.desiredHost(HostID(unchecked: "a")), DesiredHost())
            try await Self.flavour("f3", server)
            let stored = try await server.store.load()
            for (query, headers) in [
                ("?kinds=flavour", ["Last-Event-ID": seen]), ("?kinds=flavour&after=\(seen)", [:]),
                // A browser that comes back says so in its header, at the address of its beginning.
                ("?kinds=flavour&after=1", ["Last-Event-ID": seen]),
            ] as [(String, [String: String])] {
                let told = try await Self.hear(2, of: query, headers: headers, server)
                #expect(Self.ids(told) == ["f2", "f3"], "\(query) \(headers)")
                #expect(told.last?["id"] == "\(stored.revision)")
            }
            let all = try await Self.hear(3, of: "?after=\(seen)", server)
            #expect(Self.ids(all) == ["f2", "a", "f3"])
            #expect(all.map { $0["event"] } == ["flavour", "host", "flavour"])
        }
    }

    @Test func whoComesFromBeforeTheServersMemoryIsToldToReadAgain() async throws {
        try await LiveServer.run { server in
            try await Self.flavour("f1", server)
            for seen in ["0", "1"] {
                let told = try await Self.hear(1, of: "?after=\(seen)", server)
                #expect(told[0]["event"] == "reload", "\(seen)")
            }
            // One of another etcd's, which is ahead of this one.
            let ahead = try await Self.hear(1, of: "?after=999999", server)
            #expect(ahead[0]["event"] == "reload")
        }
    }

    /// However many listen and look, etcd serves one watch.
    @Test func oneWatchIsBehindAllStreams() async throws {
        try await EtcdServer.run { etcd in
            try await etcd.withClient { client in
                let watches = CountedWatches(etcd: client)
                let store = ClusterStore(client: watches, prefix: "/metastack")
                try await LiveServer.serve(over: store) { server in
                    let before = try await store.load().revision
                    try await withThrowingTaskGroup { group in
                        for _ in 1...20 {
                            group.addTask {
                                try await Self.hear(1, of: "?kinds=flavour&after=\(before)", server)
                            }
                        }
                        try await Self.flavour("f1", server)
                        for try await told in group { #expect(Self.ids(told) == ["f1"]) }
                    }
                    let reader = try await PageClient.loggedIn(.viewer, server)
                    for path in ["/events", "/", "/vms"] {
                        #expect(try await reader.get(path).status == 200)
                    }
                    #expect(watches.begun == 1)
                }
            }
        }
    }

    @Test func whatCannotBeReadIsRefused() async throws {
        try await LiveServer.run { server in
            for (query, headers) in [
                ("?after=x", [:]), ("?after=-1", [:]), ("?kinds=vm,nothing", [:]),
                ("", ["Last-Event-ID": "yesterday"]),
            ] as [(String, [String: String])] {
                let reply = try await server.send(
                    "GET", "/api/v1/events\(query)", as: .viewer, headers: headers)
                #expect(reply.status == 400, "\(query) \(headers)")
            }
        }
    }
}
