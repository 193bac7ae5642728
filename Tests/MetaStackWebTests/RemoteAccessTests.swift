import Curl
import Logging
import MetaStackManagement
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Synchronization
import Testing

@testable import MetaStackCommands

/// `metastack --server` over a real server and a real etcd.
@Suite struct RemoteAccessTests {
    @Test func readsAndWritesWhatStandsInEtcd() async throws {
        try await LiveServer.run { live in
            try await live.remote(.admin) { remote in
                let key = RecordKey.desiredHost(HostID(unchecked: "a"))
                let wish = DesiredHost(state: .maintenance, reason: "new fans")
                guard
                    case .written(let revision) = try await remote.write(
                        [.put(key, wish)], if: [.absent(key)])
                else { throw TestingError("it was not written") }
                let direct = try await live.store.load()
                let stored = try #require(direct.desiredHosts[HostID(unchecked: "a")]?.value)
                #expect(stored.reason == wish.reason)
                // Who it was, and when, is the server's to say.
                #expect(stored.by == "admin" && stored.since != nil)
                #expect(direct.desiredHosts[HostID(unchecked: "a")]?.revision == revision)

                let seen = try await remote.load()
                #expect(seen.desiredHosts == direct.desiredHosts)
                #expect(seen.tokens == direct.tokens)
                #expect(seen.revision == direct.revision)

                let again = try await remote.write([.delete(key)], if: [.absent(key)])
                #expect(again == .conflict)
            }
        }
    }

    @Test func followsWhatOthersWrite() async throws {
        try await LiveServer.run { live in
            try await live.remote(.viewer) { remote in
                let before = try await remote.load()
                let wish = TakeoverSwitch(state: .disarmed, reason: "rack 3")
                _ = try await live.store.write([.put(TakeoverSwitch.key, wish)], if: [])
                // It is written before anybody follows: what came in between is told, too.
                try await remote.follow(before) { $0.takeoverSwitch?.value == wish }
            }
        }
    }

    @Test func whatHappenedIsTheSameThroughTheServer() async throws {
        try await LiveServer.run { live in
            let key = RecordKey.desiredHost(HostID(unchecked: "a"))
            _ = try await live.store.write(
                [.put(key, DesiredHost(state: .maintenance, reason: "fans"))], if: [])
            _ = try await live.store.write([.delete(key)], if: [])
            let direct = try await live.store.eventLog()
            #expect(direct.events.suffix(2).map(\.word) == [.maintenance, .ready])
            #expect(direct.events.contains { $0.kind == .token })
            try await live.remote(.admin) { remote in
                let log = try await remote.eventLog()
                #expect(log.events == direct.events)
            }
            // Tokens are for those who make them.
            try await live.remote(.viewer) { remote in
                let log = try await remote.eventLog()
                #expect(log.events == direct.withoutTokens.events)
            }
        }
    }

    @Test func followsEachChangeOfTheRecords() async throws {
        try await LiveServer.run { live in
            try await live.remote(.viewer) { remote in
                let before = try await remote.load()
                let key = RecordKey.desiredHost(HostID(unchecked: "a"))
                _ = try await live.store.write(
                    [.put(key, DesiredHost(state: .maintenance))], if: [])
                _ = try await live.store.write([.delete(key)], if: [])
                let teller = Mutex((EventTeller(before), [ClusterEvent.Word]()))
                try await remote.followChanges(after: before.revision) { change in
                    teller.withLock { state in
                        state.1 += state.0.observe(change).map(\.word)
                        return state.1.last == .ready
                    }
                }
                #expect(teller.withLock { $0.1 } == [.maintenance, .ready])
            }
        }
    }

    @Test func whoMayNotSeeTokensIsToldSo() async throws {
        try await LiveServer.run { live in
            try await live.remote(.admin) { remote in
                let seen = try await remote.loadWithTokens()
                #expect(seen.tokens.count == 3)
            }
            for role in [AccessToken.Role.viewer, .operate] {
                try await live.remote(role) { remote in
                    await #expect {
                        _ = try await remote.loadWithTokens()
                    } throws: {
                        ($0 as? CommandFailure)?.description.hasSuffix(
                            "token \(role.rawValue) is a \(role.rawValue)'s, this needs the role admin"
                        )
                            == true
                    }
                }
            }
        }
    }

    @Test func eachRecordThatIsWrittenIsAuditedWithWhatItWas() async throws {
        let log = TestLog(level: .notice)
        try await LiveServer.run(audit: log.logger("audit")) { live in
            try await live.remote(.operate) { remote in
                let key = RecordKey.desiredHost(HostID(unchecked: "a"))
                let first = DesiredHost(labels: ["rack": "old"])
                let second = DesiredHost(labels: ["rack": "new"])
                guard
                    case .written(let revision) = try await remote.write(
                        [.put(key, first)], if: [.absent(key)])
                else { throw TestingError("it was not written") }
                _ = try await remote.write(
                    [.put(key, second)], if: [.unchanged(key, since: revision)])
                _ = try await remote.write([.delete(key)], if: [.exists(key)])
            }
        }
        let old = #"{"labels":{"rack":"old"},"state":"ready"}"#
        let new = #"{"labels":{"rack":"new"},"state":"ready"}"#
        let lines = log.tail.split(separator: "\n").filter { $0.contains("desired_hosts/a") }
        #expect(lines.count == 3)
        for (line, (before, after)) in zip(lines, [("-", old), (old, new), (new, "-")]) {
            #expect(line.contains("before=\(before)"), "\(line)")
            #expect(line.contains("after=\(after)"), "\(line)")
            #expect(line.contains("who=operator"), "\(line)")
        }
    }

    @Test func aRefusalSaysWhatToDo() async throws {
        try await LiveServer.run { live in
            try await live.remote(.viewer) { remote in
                await #expect {
                    _ = try await remote.write([.delete(TakeoverSwitch.key)], if: [])
                } throws: {
                    ($0 as? CommandFailure)?.description.contains("needs the role operator") == true
                }
            }
            let stranger = ServerSettings(url: live.url, token: TokenSecret().text)
            let api = try RemoteAPI(stranger, curl: live.curl)
            await #expect {
                _ = try await RemoteAccess(api: api).load()
            } throws: {
                ($0 as? CommandFailure)?.description.contains("metastack login \(live.url)") == true
            }
        }
    }

    @Test func aServerThatIsAwayIsNotReachable() async throws {
        let curl = try Curl(name: "away")
        let away = ServerSettings(url: "http://127.0.0.1:9", token: "mst_x")
        let api = try RemoteAPI(away, curl: curl)
        await #expect {
            _ = try await RemoteAccess(api: api).load()
        } throws: {
            ($0 as? CommandFailure)?.status == .unreachable
        }
        await curl.shutdown()
    }

    @Test func withoutATokenNothingIsAsked() async throws {
        let curl = try Curl(name: "none")
        #expect {
            _ = try RemoteAPI(ServerSettings(url: "http://127.0.0.1:9"), curl: curl)
        } throws: {
            ($0 as? CommandFailure)?.description.contains("metastack login http://127.0.0.1:9")
                == true
        }
        await curl.shutdown()
    }
}

extension LiveServer {
    /// The way of `metastack --server` with a token of a role.
    fileprivate func remote(
        _ role: AccessToken.Role, _ body: (RemoteAccess) async throws -> Void
    ) async throws {
        let settings = ServerSettings(url: url, token: secrets[role])
        try await body(RemoteAccess(api: try RemoteAPI(settings, curl: curl)))
    }
}
