import Foundation
import Testing

@testable import Etcd

@Suite(.timeLimit(.minutes(3))) struct AuthenticationTests {
    @Test func getsATokenAndANewOneWhenEtcdForgotIt() async throws {
        try await withAuthentication { cluster, etcd in
            let start = try await etcd.put(Key("a"), Data("1"))
            let watch = etcd.watch(.all, from: start)
            async let seen = events(2, of: watch)
            // Simple tokens live in etcd's memory: a restart forgets them all.
            cluster.server.kill()
            try cluster.restart(cluster.server)
            try await cluster.ready(etcd)
            try await etcd.put(Key("a"), Data("2"))
            #expect(try await seen.count == 2)
            #expect(await etcd.rangeByGRPC(RangeRequest(.all))?.keyValues.count == 1)
        }
    }

    @Test func getsANewTokenWhenTheOldOneHasExpired() async throws {
        try await withAuthentication(arguments: ["--auth-token-ttl", "3"]) { _, etcd in
            let start = try await etcd.put(Key("a"), Data("1"))
            // Nothing shows that a token has expired but a call that it is refused for.
            try await Task.sleep(for: .seconds(5))
            try await etcd.put(Key("a"), Data("2"))
            try await Task.sleep(for: .seconds(5))
            let seen = try await events(2, of: etcd.watch(.all, from: start))
            #expect(seen.count == 2)
        }
    }

    @Test func saysThatAPasswordIsWrong() async throws {
        try await withAuthentication { cluster, _ in
            var configuration = cluster.configuration
            configuration.credentials = .init(username: "root", password: "wrong")
            try await withClient(configuration) { etcd in
                let error = await expect(.unauthenticated) { _ = try await etcd.get(Key("a")) }
                #expect(error?.message.contains("invalid user ID or password") == true)
                var iterator = etcd.watch(.all).makeAsyncIterator()
                await expect(.unauthenticated) { _ = try await iterator.next() }
            }
            configuration.credentials = nil
            try await withClient(configuration) { etcd in
                await expect(.unauthenticated) { _ = try await etcd.get(Key("a")) }
                _ = try await etcd.status(
                    endpoint: cluster.server.clientURL, deadline: .seconds(1))
            }
        }
    }

    @Test func tellsWhetherStrangersAreAskedForAName() async throws {
        try await withAuthentication { cluster, etcd in
            // With a name of one's own it is the stranger's answer that counts.
            #expect(try await etcd.asksForName(reading: Key("a"), deadline: .seconds(5)))
            var configuration = cluster.configuration
            configuration.credentials = nil
            try await withClient(configuration) { stranger in
                #expect(try await stranger.asksForName(reading: Key("a"), deadline: .seconds(5)))
                let report = try await stranger.inspect(
                    endpoint: cluster.server.clientURL, deadline: .seconds(5))
                #expect(report.status.leader != nil && report.quota != nil)
            }
        }
    }

    @Test func saysWhatAUserMayNotDo() async throws {
        try await withAuthentication { cluster, _ in
            var configuration = cluster.configuration
            configuration.credentials = .init(username: "guest", password: "guest")
            try await withClient(configuration) { etcd in
                await expect(.permissionDenied) { try await etcd.put(Key("a"), Data()) }
                var iterator = etcd.watch(.all).makeAsyncIterator()
                await expect(.permissionDenied) { _ = try await iterator.next() }
            }
        }
    }

    @Test func doesWithoutATokenWhereEtcdAsksForNone() async throws {
        try await withEtcd { cluster, _ in
            var configuration = cluster.configuration
            configuration.credentials = .init(username: "root", password: "secret")
            try await withClient(configuration) { etcd in
                try await etcd.put(Key("a"), Data("1"))
            }
        }
    }
}

/// An etcd with the users root and guest, who may do nothing, and root's client.
private func withAuthentication(
    arguments: [String] = [], _ body: (EtcdCluster, EtcdClient) async throws -> Void
) async throws {
    try await withEtcd(arguments: arguments) { cluster, _ in
        for command in [
            ["user", "add", "root:secret"], ["user", "grant-role", "root", "root"],
            ["user", "add", "guest:guest"], ["auth", "enable"],
        ] {
            _ = try run("etcdctl", ["--endpoints", cluster.server.clientURL] + command)
        }
        var cluster = cluster
        cluster.configuration.credentials = .init(username: "root", password: "secret")
        try await withClient(cluster.configuration) { try await body(cluster, $0) }
    }
}
