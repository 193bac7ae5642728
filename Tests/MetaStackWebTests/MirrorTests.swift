import Logging
import MetaStackManagement
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

@testable import MetaStackWeb

let quiet = Logger(label: "web") { _ in SwiftLogNoOpLogHandler() }

@Suite struct EventTextTests {
    @Test func anEventNamesTheThingAndWhetherItIsThere() {
        let update = MirrorUpdate(
            revision: Revision(7), changed: [.actualVM(VMID(unchecked: "v1"))], isReload: false)
        let text = EventRoutes.text(of: update, [.vm], in: Cluster())
        #expect(
            text == "id: 7\nevent: vm\n"
                + #"data: {"kind":"vm","id":"v1","revision":7,"change":"deleted"}"# + "\n\n")
    }

    @Test func whatNobodyAskedForIsNoEvent() {
        let update = MirrorUpdate(
            revision: Revision(7), changed: [.host(HostID(unchecked: "h"))], isReload: false)
        #expect(EventRoutes.text(of: update, [.vm], in: Cluster()) == ": \n\n")
    }

    @Test func aReloadSaysThatAnythingMayHaveChanged() {
        let update = MirrorUpdate(revision: Revision(7), changed: [], isReload: true)
        #expect(
            EventRoutes.text(of: update, [.vm], in: Cluster())
                == "id: 7\nevent: reload\ndata: {}\n\n")
    }
}

@Suite struct MirrorReaderTests {
    @Test func aReaderThatFallsBehindIsTakenOffAndTheOthersGoOn() async throws {
        try await EtcdServer.run { etcd in
            try await etcd.withClient { client in
                let store = ClusterStore(client: client, prefix: "/metastack")
                let mirror = ClusterMirror(store: store, logger: quiet)
                let slow = mirror.subscribe(limit: 1)
                let quick = mirror.subscribe()
                try await withThrowingTaskGroup { group in
                    group.addTask { try await mirror.run() }
                    var updates = quick.makeAsyncIterator()
                    #expect(await updates.next()?.isReload == true)
                    for state in [TakeoverSwitch.State.armed, .disarmed, .armed] {
                        _ = try await store.write(
                            [.put(TakeoverSwitch.key, TakeoverSwitch(state: state))], if: [])
                        #expect(await updates.next()?.changed == [TakeoverSwitch.key])
                    }
                    // It gets what it had room for, and then its end.
                    #expect(await slow.reduce(into: 0) { count, _ in count += 1 } == 1)
                    #expect(mirror.readerCount == 1)
                    group.cancelAll()
                }
                #expect(await quick.reduce(into: 0) { count, _ in count += 1 } == 0)
                #expect(mirror.readerCount == 0)
            }
        }
    }
}

@Suite struct MirrorFollowTests {
    @Test func whoFollowsARecordHearsOfItAtFirstAndAtEachChange() async throws {
        try await EtcdServer.run { etcd in
            try await etcd.withClient { client in
                let store = ClusterStore(client: client, prefix: "/metastack")
                func put(_ server: LogSettings.Syslog) async throws {
                    _ = try await store.write(
                        [.put(SyslogServer.key, SyslogServer(server: server))], if: [])
                }
                try await put(.udp(host: "a", port: 514))
                let mirror = ClusterMirror(store: store, logger: quiet)
                let (heard, hearer) = AsyncStream<LogSettings.Syslog?>.makeStream()
                try await withThrowingTaskGroup { group in
                    group.addTask { try await mirror.run() }
                    group.addTask {
                        await mirror.follow(SyslogServer.key) {
                            hearer.yield($0.syslogServer?.value.server)
                        }
                    }
                    var servers = heard.makeAsyncIterator()
                    #expect(await servers.next() == .udp(host: "a", port: 514))
                    _ = try await store.write(
                        [.put(TakeoverSwitch.key, TakeoverSwitch(state: .armed))], if: [])
                    try await put(.local)
                    var second = await servers.next()
                    // The first list may be told twice: as what is there, and as what has come.
                    if second == .udp(host: "a", port: 514) { second = await servers.next() }
                    #expect(second == .local)
                    _ = try await store.write([.delete(SyslogServer.key)], if: [])
                    #expect(await servers.next() == .some(nil))
                    group.cancelAll()
                }
            }
        }
    }
}
