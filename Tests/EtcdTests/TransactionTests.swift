import Etcd
import Foundation
import Testing

@Suite(.timeLimit(.minutes(3))) struct TransactionTests {
    @Test func losesToARivalThatWroteFirst() async throws {
        try await withEtcd { cluster, etcd in
            let key = Key("/claims/web")
            let read = try await etcd.put(key, Data("free"))
            try await withClient(cluster.configuration) { rival in
                try await rival.put(key, Data("rival"))
            }
            let result = try await etcd.transact(
                Transaction(
                    if: [.modRevision(key, equals: read)],
                    then: [.put(key, Data("mine"))], else: [.get(.key(key))]))
            #expect(!result.succeeded)
            guard case .get(let page) = result.results.first else {
                Issue.record("the read of the else branch is missing")
                return
            }
            #expect(page.keyValues.first?.value.text == "rival")
            #expect(try await etcd.get(key)?.value.text == "rival")
        }
    }

    @Test func letsOneOfManyClaimantsWin() async throws {
        try await withEtcd { _, etcd in
            let key = Key("/claims/web")
            let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        let claim = Transaction(
                            if: [.absent(key)], then: [.put(key, Data("\(number)"))])
                        return try await etcd.transact(claim).succeeded
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(winners == 1)
        }
    }

    @Test func reportsEachOperationInOrder() async throws {
        try await withEtcd { _, etcd in
            try await etcd.put(Key("old"), Data("x"))
            let result = try await etcd.transact(
                Transaction(
                    if: [.exists(Key("old")), .absent(Key("new"))],
                    then: [
                        .put(Key("new"), Data("y")), .get(.key(Key("old"))),
                        .delete(.key(Key("gone"))),
                    ]))
            #expect(result.succeeded && result.results.count == 3)
            #expect(try await etcd.get(Key("new"))?.modRevision == result.revision)
            guard case .put = result.results[0], case .get(let page) = result.results[1],
                case .delete(let deleted) = result.results[2]
            else {
                Issue.record("the results have other kinds: \(result.results)")
                return
            }
            #expect(page.keyValues.first?.value.text == "x")
            #expect(deleted == 0)
        }
    }

    @Test func comparesEverythingThatAKeyHas() async throws {
        try await withEtcd { _, etcd in
            let key = Key("k")
            let lease = try await etcd.grantLease(ttl: .seconds(60)).id
            let created = try await etcd.put(key, Data("1"), lease: lease)
            let changed = try await etcd.put(key, Data("2"), lease: lease)
            func holds(_ conditions: Condition...) async throws -> Bool {
                try await etcd.transact(Transaction(if: conditions, then: [])).succeeded
            }
            #expect(
                try await holds(
                    .exists(key), .createRevision(key, equals: created),
                    .modRevision(key, equals: changed), .version(key, equals: 2),
                    .value(key, equals: Data("2")), .lease(key, equals: lease)))
            #expect(try await !holds(.absent(key)))
            #expect(try await !holds(.createRevision(key, equals: changed)))
            #expect(try await !holds(.modRevision(key, equals: created)))
            #expect(try await !holds(.version(key, equals: 1)))
            #expect(try await !holds(.value(key, equals: Data("1"))))
            #expect(try await !holds(.lease(key, equals: LeaseID(rawValue: 7))))
            #expect(try await !holds(.value(Key("none"), equals: Data())))
        }
    }
}
