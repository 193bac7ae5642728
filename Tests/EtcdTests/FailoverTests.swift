import Etcd
import Foundation
import Testing

@Suite(.timeLimit(.minutes(3))) struct FailoverTests {
    @Test func goesOnWithTheOthersWhenOneOfThreeMembersDies() async throws {
        try await withEtcd(members: 3) { cluster, etcd in
            let start = try await etcd.put(Key("f/0"), Data())
            let lease = try await etcd.grantLease(ttl: .seconds(10)).id
            let watch = etcd.watch(.children(of: Key("f")), from: start)
            async let seen = events(10, of: watch)
            for number in 1..<5 { try await etcd.put(Key("f/\(number)"), Data()) }
            cluster.server.kill()
            // If the dead one led, the others first elect; what is refused meanwhile is tried
            // again, and an unknown outcome changes nothing for the same key and value.
            for number in 5..<10 {
                try await eventually("a put succeeds", within: .seconds(20)) {
                    try await etcd.put(Key("f/\(number)"), Data(), deadline: .seconds(5))
                    return true
                } ignoring: {
                    $0 is EtcdError
                }
            }
            let names = try await seen.map(\.key.lastComponent)
            #expect(Set(names) == Set((0..<10).map(String.init)))
            #expect(try await etcd.keepAlive(lease) == .seconds(10))
            await expect(.unavailable) {
                _ = try await etcd.status(
                    endpoint: cluster.server.clientURL, deadline: .seconds(1))
            }
        }
    }

    @Test func changesEndpointsBeforeAnythingIsSent() async throws {
        try await withEtcd { cluster, _ in
            var configuration = cluster.configuration
            configuration.endpoints.insert("http://127.0.0.1:\(try freePort())", at: 0)
            try await withClient(configuration) { etcd in
                try await etcd.put(Key("a"), Data("1"))
                #expect(try await etcd.get(Key("a"))?.version == 1)
            }
        }
    }

    @Test func readsFromAnotherMemberWhenOneHangs() async throws {
        try await withEtcd(members: 3) { cluster, etcd in
            try await etcd.put(Key("a"), Data("1"))
            cluster.server.stall()
            defer { cluster.server.wake() }
            try await eventually("a read succeeds", within: .seconds(20)) {
                try await etcd.get(Key("a"), deadline: .seconds(4))?.value.text == "1"
            } ignoring: {
                $0 is EtcdError
            }
        }
    }

    @Test func movesAWatchAwayFromAMemberThatHangs() async throws {
        try await withEtcd(members: 3) { cluster, etcd in
            let start = try await etcd.put(Key("a"), Data("1"))
            var iterator = etcd.watch(.all, from: start).makeAsyncIterator()
            _ = try await iterator.next()
            cluster.server.stall()
            defer { cluster.server.wake() }
            // Nothing tells the watch but the calls that get no answer.
            try await eventually("a put succeeds", within: .seconds(20)) {
                _ = try await etcd.get(Key("a"), deadline: .seconds(1))
                try await etcd.put(Key("a"), Data("2"), deadline: .seconds(1))
                return true
            } ignoring: {
                $0 is EtcdError
            }
            let started = ContinuousClock.now
            #expect(try await iterator.next()?.events.isEmpty == false)
            #expect(ContinuousClock.now - started < .seconds(5))
        }
    }

    @Test func movesAWatchAwayFromAMemberWithoutALeader() async throws {
        try await withEtcd(members: 3) { cluster, etcd in
            let start = try await etcd.put(Key("a"), Data("1"))
            cluster.servers[1].kill()
            cluster.servers[2].kill()
            var configuration = cluster.configuration
            configuration.endpoints = [cluster.server.clientURL]
            try await eventually("the survivor has no leader", within: .seconds(20)) {
                try await etcd.status(
                    endpoint: cluster.server.clientURL, deadline: .seconds(1)
                ).leader == nil
            }
            try await withClient(configuration) { survivor in
                await expect(.deadlineExceeded) {
                    _ = try await survivor.get(Key("a"), deadline: .seconds(1))
                }
                let watch = survivor.watch(.all, from: start)
                // Alone it would show what it has, and never tell that nothing new can come.
                await #expect(throws: FixtureError.self) {
                    try await within(.seconds(1)) { try await events(1, of: watch) }
                }
                async let seen = events(1, of: watch)
                try cluster.restart(cluster.servers[1])
                #expect(try await seen.count == 1)
            }
        }
    }

    @Test func namesTheMembersAndAsksEachForItsStatus() async throws {
        try await withEtcd(members: 3) { cluster, etcd in
            let members = try await etcd.members()
            #expect(Set(members.flatMap(\.clientURLs)) == Set(cluster.servers.map(\.clientURL)))
            #expect(Set(members.map(\.name)) == Set(cluster.servers.map(\.name)))
            var leaders: Set<UInt64> = []
            for member in members {
                let status = try await etcd.status(
                    endpoint: try #require(member.clientURLs.first), deadline: .seconds(2))
                #expect(status.memberID == member.id)
                #expect(!status.version.isEmpty && status.databaseSize > 0)
                #expect(status.errors.isEmpty)
                leaders.insert(try #require(status.leader))
            }
            #expect(leaders.count == 1)
        }
    }
}
