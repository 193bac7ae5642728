import Foundation
import Logging
import MetaStackManagement
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

@testable import MetaStackWeb

@Suite(.serialized) struct EventHistoryTests {
    private static let quiet = Logger(label: "history") { _ in SwiftLogNoOpLogHandler() }

    /// What the page of events shows: the words of each, the newest first.
    private static func told(_ text: String) -> [String] {
        guard let table = text.firstRange(of: #"<table id="changes">"#),
            let end = text[table.upperBound...].firstRange(of: "</table>")
        else { return [] }
        return text[table.upperBound..<end.lowerBound].split(separator: "<tr").dropFirst(2).map {
            $0.split(separator: "<td>").dropFirst(2)
                .map { $0.replacing(/<[^>]*>/, with: "") }
                .map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
                .joined(separator: " ").trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }

    @Test func whatHappenedBeforeTheServersStartIsToldAndWhatHappensNow() async throws {
        try await EtcdServer.run { etcd in
            try await etcd.withClient { client in
                let store = ClusterStore(client: client, prefix: "/metastack")
                let id = VMID(unchecked: "v0")
                let vm = DesiredVM(
                    name: try ResourceName("early"), flavour: "f1", image: "i1", state: .start)
                _ = try await store.write([.put(.desiredVM(id), vm)], if: [])
                _ = try await store.write([.delete(.desiredVM(id))], if: [])
                try await LiveServer.serve(over: store) { server in
                    try await server.fill()
                    let client = try await PageClient.loggedIn(.viewer, server)
                    let first = Self.told(try await client.get("/events?vm=early").text)
                    #expect(
                        first == [
                            "vm early deleted", "vm early created flavour f1, image i1",
                        ])
                    // A page shows whatever the server had seen when it was asked for.
                    for number in 1...20 {
                        let name = "late-\(number)"
                        try await server.putVM(name, id: name)
                        let now = Self.told(try await client.get("/events").text)
                        #expect(now.first?.hasPrefix("vm \(name) created") == true, "\(now)")
                    }
                }
            }
        }
    }

    @Test func onceNobodyLooksItIsForgottenAndReadAnewWhenSomebodyDoes() async throws {
        try await LiveServer.run { live in
            let history = EventHistory(idle: .zero) { Timestamp(milliseconds: 1) }
            try await withThrowingTaskGroup { group in
                let mirror = ClusterMirror(store: live.store, logger: Self.quiet)
                group.addTask { try await mirror.run() }
                group.addTask { await history.follow(live.store, mirror, Self.quiet) }
                #expect(!history.isWanted)
                try await live.put(.flavour(FlavourID(unchecked: "f1")), try Flavour.tiny())
                let first = await history.log(reaching: Revision(1))
                #expect(first?.events.contains { $0.id == "f1" } == true)
                try await live.put(.flavour(FlavourID(unchecked: "f2")), try Flavour.tiny())
                let end = ContinuousClock.now + .seconds(20)
                while history.isWanted, .now < end { await Task.yield() }
                #expect(!history.isWanted)
                let second = await history.log(reaching: try await live.store.load().revision)
                #expect(second?.events.contains { $0.id == "f2" } == true)
                group.cancelAll()
            }
        }
    }

    /// A page waits for two seconds at most; a test for as long as a busy machine takes.
    private static func log(_ history: EventHistory, reaching revision: Revision) async -> EventLog?
    {
        let end = ContinuousClock.now + .seconds(30)
        var log: EventLog?
        repeat {
            log = await history.log(reaching: revision)
        } while log?.revision != revision && ContinuousClock.now < end
        return log
    }

    @Test func onlyTheNewestAreKept() async throws {
        try await LiveServer.run { live in
            let history = EventHistory { Timestamp(milliseconds: 1) }
            try await withThrowingTaskGroup { group in
                let mirror = ClusterMirror(store: live.store, logger: Self.quiet)
                group.addTask { try await mirror.run() }
                group.addTask { await history.follow(live.store, mirror, Self.quiet) }
                let half = EventHistory.most / 2
                for round in 0..<3 {
                    var last = Revision(0)
                    for start in stride(from: 0, to: half, by: 100) {
                        let writes = (start..<start + 100).map { number in
                            RecordWrite.put(
                                .globalConfig("n\(number)"),
                                GlobalConfig(rest: ["round": .integer(Int64(round))]))
                        }
                        if case .written(let revision) =
                            try await live.store.write(writes, if: [])
                        {
                            last = revision
                        }
                    }
                    let log = await Self.log(history, reaching: last)
                    #expect(log?.revision == last)
                    let before = round == 0 ? "-" : "\(round - 1)"
                    #expect(log?.events.last?.detail == "round \(before) → \(round)")
                }
                let log = await history.log(reaching: Revision(1))
                #expect(log?.events.count == EventHistory.most)
                group.cancelAll()
            }
        }
    }

    /// What comes is heard by the mirror's, which is there anyway.
    @Test func itHoldsNoWatchOfItsOwn() async throws {
        try await LiveServer.run { live in
            let etcd = CountedWatches(etcd: live.store.client)
            let store = ClusterStore(client: etcd, prefix: "/metastack")
            let mirror = ClusterMirror(store: store, logger: Self.quiet)
            let history = EventHistory { Timestamp(milliseconds: 1) }
            try await withThrowingTaskGroup { group in
                group.addTask { try await mirror.run() }
                group.addTask { await history.follow(store, mirror, Self.quiet) }
                _ = await history.log(reaching: Revision(1))
                for name in ["f1", "f2", "f3"] {
                    try await live.put(.flavour(FlavourID(unchecked: name)), try Flavour.tiny())
                    let revision = try await live.store.load().revision
                    let log = await Self.log(history, reaching: revision)
                    #expect(log?.events.last?.id == name && log?.revision == revision)
                }
                group.cancelAll()
            }
            #expect(etcd.begun == 1)
        }
    }

    /// Nothing is told twice, and nothing is left out, where much is written while the past is read.
    @Test func whatHappensWhileThePastIsReadIsToldOnce() async throws {
        try await LiveServer.run { live in
            let mirror = ClusterMirror(store: live.store, logger: Self.quiet)
            let history = EventHistory { Timestamp(milliseconds: 1) }
            try await withThrowingTaskGroup { group in
                group.addTask { try await mirror.run() }
                group.addTask { await history.follow(live.store, mirror, Self.quiet) }
                group.addTask { _ = await history.log(reaching: Revision(1)) }
                var last = Revision(0)
                for number in 1...200 {
                    let key = RecordKey.globalConfig("n\(number)")
                    let record = GlobalConfig(rest: ["n": .integer(Int64(number))])
                    if case .written(let revision) = try await live.store.write(
                        [.put(key, record)], if: [])
                    {
                        last = revision
                    }
                }
                let told = await Self.log(history, reaching: last)?.events
                    .filter { $0.kind == .config }
                #expect(told?.map(\.id) == (1...200).map { "n\($0)" })
                group.cancelAll()
            }
        }
    }
}
