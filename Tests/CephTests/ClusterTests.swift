import Ceph
import Foundation
import Testing

@Suite struct ClusterTests {
    @Test func tellsItsIdentityPoolsMonitorsAndOwnAddress() async throws {
        let fixture = try await CephFixture.shared()
        let conf = try String(contentsOfFile: fixture.directory + "/ceph.conf", encoding: .utf8)
        try await withPools { cluster, _, _ in
            #expect(conf.contains("fsid = \(try await cluster.fileSystemID())\n"))
            #expect(Set(try await cluster.pools()) == ["vms", "images", "locked"])
            let monitor = try #require(try await cluster.monitors().first)
            #expect(monitor.host == "127.0.0.1")
            #expect(conf.contains("[v2:127.0.0.1:\(monitor.port),"))
            let address = try await cluster.ownAddress()
            #expect(address.host == "127.0.0.1")
            #expect(address.nonce != 0)
            try await cluster.waitForLatestMap()
            try await cluster.pool("vms").ping()
        }
    }

    @Test func readsTheUsersKeyFromTheKeyring() async throws {
        let fixture = try await CephFixture.shared()
        let file = fixture.directory + "/client.metastack.keyring"
        let keyring = try String(contentsOfFile: file, encoding: .utf8)
        try await withPools { cluster, _, _ in
            let key = try await cluster.key(of: "metastack")
            #expect(keyring.contains("key = \(key)\n"))
            await expect(.notFound) { try await cluster.key(of: "nobody") }
        }
        var configuration = fixture.configuration
        configuration.keyring = nil
        let cluster = try await CephCluster.connect(configuration)
        #expect(keyring.contains("key = \(try await cluster.key(of: "metastack"))\n"))
        await cluster.close()
    }

    @Test func saysThatAPoolIsMissing() async throws {
        try await withPools { cluster, _, _ in
            let error = await cephError { try await cluster.pool("none") }
            #expect(error?.isNotFound == true)
            #expect(error?.description.contains("ceph osd pool create none") == true)
        }
    }

    @Test func saysThatTheUserMayNotUseAPool() async throws {
        try await withPools { cluster, _, _ in
            let pool = try await cluster.pool("locked")
            await expect(.notPermitted) { try await pool.ping() }
            await expect(.notPermitted) { try await pool.images() }
            await expect(.notPermitted) { try await pool.create("x", size: 1 << 20) }
        }
    }

    @Test func refusesAWrongKey() async throws {
        var configuration = try await CephFixture.shared().configuration
        let other = "AQBSdFhkAAAAABAAuQZ4C0Nn8W0Wl3pUv0Fz8w=="
        let keyring = try TemporaryFile(Data("[client.metastack]\n\tkey = \(other)\n".utf8))
        configuration.keyring = keyring.path
        let error = await cephError { try await CephCluster.connect(configuration) }
        #expect(error?.code == .accessDenied || error?.code == .notPermitted)
        #expect(error?.message.contains("refuse client.metastack") == true)
    }

    @Test func refusesKeyringsThatCannotBeUsed() async throws {
        var configuration = try await CephFixture.shared().configuration
        configuration.keyring = "/nonexistent/keyring"
        await expect(.notFound) { try await CephCluster.connect(configuration) }
        configuration.keyring = "/"
        await expect(.malformed) { try await CephCluster.connect(configuration) }
        let strangers = try TemporaryFile(Data("[client.other]\nkey = AQ==\n".utf8))
        configuration.keyring = strangers.path
        let error = await cephError { try await CephCluster.connect(configuration) }
        #expect(error?.message.contains("[client.metastack]") == true)
        let noKey = try TemporaryFile(Data("[client.metastack]\nkey = %%%\n".utf8))
        configuration.keyring = noKey.path
        await expect(.malformed) { try await CephCluster.connect(configuration) }
    }

    @Test func refusesAConfigurationThatIsNotThere() async throws {
        var configuration = try await CephFixture.shared().configuration
        configuration.configurationFile = "/nonexistent/ceph.conf"
        let error = await cephError { try await CephCluster.connect(configuration) }
        #expect(error?.isNotFound == true)
        #expect(error?.subject == "/nonexistent/ceph.conf")
    }

    @Test func givesUpWithinTheTimeOutWhereNoMonitorAnswers() async throws {
        let fixture = try await CephFixture.shared()
        let port = freePorts(1)[0]
        let conf = try TemporaryFile(Data("[global]\nmon host = 127.0.0.1:\(port)\n".utf8))
        var configuration = fixture.configuration
        configuration.configurationFile = conf.path
        configuration.timeout = .seconds(2)
        let clock = ContinuousClock()
        let start = clock.now
        let error = await cephError { try await CephCluster.connect(configuration) }
        #expect(error?.code == .timedOut)
        #expect(error?.message == "no monitor answered within 2 s")
        #expect(error?.isRetriable == true)
        #expect(clock.now - start < .seconds(5))
    }

    @Test func refusesCallsAfterClose() async throws {
        let cluster = try await CephFixture.connect()
        let pool = try await cluster.pool("vms")
        await cluster.close()
        await cluster.close()
        await expect(.notConnected) { try await pool.images() }
        await expect(.notConnected) { try await cluster.fileSystemID() }
    }

    @Test func closesWhileCallsRun() async throws {
        let cluster = try await CephFixture.connect()
        let pool = try await cluster.pool("vms")
        await withTaskGroup(of: CephError?.self) { group in
            for _ in 0..<20 {
                group.addTask { await cephError { try await pool.images() } }
            }
            await cluster.close()
            for await error in group { #expect(error == nil || error?.code == .notConnected) }
        }
    }
}
