import Foundation
import MetaStackManagement
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

/// The program over a real etcd, straight and through a `metastack serve` of its own: what of the README's
/// tour needs no node.
@Suite(.serialized) struct ServeProgramTests {
    /// One etcd, one server, and a home for whoever logs in.
    private struct Place: Sendable {
        let etcd: String
        let url: String
        let home: String
        let store: ClusterStore

        /// Says where etcd is, and of no server.
        var direct: [String: String] {
            ["HOME": home, "METASTACK_CONFIG": "", "METASTACK_ETCD_ENDPOINTS": etcd]
        }

        /// Says where the server is, and of no etcd.
        func through(_ token: String) -> [String: String] {
            [
                "HOME": home, "METASTACK_CONFIG": "", "METASTACK_ETCD_ENDPOINTS": "",
                "METASTACK_SERVER_URL": url, "METASTACK_SERVER_TOKEN": token,
            ]
        }

        /// A new token's secret, once the server knows it and has noted its use: it writes that once, and
        /// not between two looks that are compared.
        func token(_ name: String, _ role: String) async throws -> String {
            let secret = try await Program.run(
                ["metastack", "token", "create", name, "--role", role], direct
            ).trimmingCharacters(in: .newlines)
            let words = [
                "curl", "-sfo", "/dev/null", "-H", "Authorization: Bearer \(secret)",
                url + "/api/v1/whoami",
            ]
            try await ServeProgramTests.until("token \(name) is known") {
                try await Program.outcome(of: words).status == 0
            }
            try await ServeProgramTests.until("its use is noted") {
                try await store.load().tokens.values.contains {
                    $0.value.name.text == name && $0.value.lastUsed != nil
                }
            }
            return secret
        }
    }

    private static func until(_ what: String, _ isSo: () async throws -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(30)
        while try await !isSo() {
            guard ContinuousClock.now < end else {
                throw TestingError("it was not so within 30 s that \(what)")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private static func run(
        _ body: @Sendable @escaping (Place) async throws -> Void
    ) async throws {
        let home = try TemporaryDirectory(prefix: "metastack-serve")
        defer { home.remove() }
        try await EtcdServer.run { etcd in
            try await etcd.withClient { client in
                let listen = "127.0.0.1:\(try LoopbackPort.free())"
                let place = Place(
                    etcd: etcd.clientURL, url: "http://\(listen)", home: home.path,
                    store: ClusterStore(client: client, prefix: "/metastack"))
                try await Program.run(
                    ["metastack", "serve", "--listen", listen], place.direct
                ) {
                    try await until("the server is ready") {
                        try await Program.outcome(
                            of: ["curl", "-sfo", "/dev/null", place.url + "/readyz"]
                        ).status == 0
                    }
                    try await body(place)
                }
            }
        }
    }

    /// What is done, and what is looked at after it.
    private static let steps: [(words: [String], look: [String])] = [
        (
            ["flavour", "add", "small", "--vcpus", "1", "--ram", "256MiB", "--disk", "1GiB"],
            ["flavour", "list", "-o", "yaml"]
        ), (["image", "add", "guest", "http://127.0.0.1:9/guest.raw"], ["image", "list"]),
        (["vm", "create", "web", "--flavour", "small", "--image", "guest"], ["-o", "json"]),
        (["vm", "list"], ["vm", "list", "-o", "json"]),
        (
            ["vm", "set", "web", "priority=5", "labels.app=shop"],
            ["vm", "show", "web", "-o", "json"]
        ),
        (["vm", "stop", "web"], ["explain", "web", "-o", "json"]),
        (["vm", "start", "web"], ["event", "list", "--vm", "web", "-o", "json"]),
        (
            ["host", "maintenance", "host1", "--reason", "new memory"],
            ["host", "list", "-o", "json"]
        ), (["host", "ready", "host1"], ["host", "show", "host1", "-o", "json"]),
        (["rebalance", "--dry-run"], ["rebalance", "--dry-run", "-o", "json"]),
        (
            ["takeover", "disarm", "--reason", "new switches"],
            ["takeover", "status", "-o", "json"]
        ), (["takeover", "arm"], ["config", "show", "takeover", "-o", "yaml"]),
        (["config", "set", "moves", "per_host=3"], ["config", "list", "-o", "json"]),
        (["config", "unset", "moves", "--yes"], ["config", "list", "-o", "name"]),
        (["vm", "delete", "web", "--yes"], ["vm", "list"]),
        (["image", "delete", "guest", "--yes"], ["image", "list", "-o", "json"]),
        (["flavour", "delete", "small", "--yes"], ["-o", "json"]),
    ]

    @Test func whatIsDoneOneWayIsSeenTheSameBothWays() async throws {
        try await Self.run { place in
            let server = place.through(try await place.token("admin", "admin"))
            let host = Host(
                name: HostID(unchecked: "host1"), totalRAM: try Mebibytes(4096),
                usedRAM: try Mebibytes(0), totalVCPU: 4, usedVCPU: 0, lease: "1", version: "0.1.0",
                hypervisor: "test", since: Timestamp(milliseconds: 1_700_000_000_000))
            _ = try await place.store.write([.put(.host(host.name), host)], if: [])
            for (number, step) in Self.steps.enumerated() {
                // By turns, so that each way sees what the other has done.
                let way = number.isMultiple(of: 2) ? server : place.direct
                try await Program.run(["metastack"] + step.words, way)
                let one = try await Program.run(["metastack"] + step.look, place.direct)
                let other = try await Program.run(["metastack"] + step.look, server)
                #expect(one == other && !one.isEmpty, "\(step)")
            }
            let left = try await place.store.load()
            #expect(left.desiredVMs.isEmpty && left.flavours.isEmpty && left.images.isEmpty)
            #expect(left.malformed.isEmpty)
        }
    }

    @Test func tokensAreMadeListedAndRevokedBothWays() async throws {
        try await Self.run { place in
            let secret = try await place.token("boss", "admin")
            let admin = place.through(secret)
            let made = try await Program.run(
                ["metastack", "token", "create", "ci", "--role", "viewer", "--expires", "1h"], admin
            ).trimmingCharacters(in: .newlines)
            let stored = try #require(
                try await place.store.load().tokens.first { $0.value.value.name.text == "ci" })
            #expect(stored.value.value.hash.description == TokenSecret(made)?.hash)
            #expect(stored.value.value.expiresAt != nil && stored.value.value.role == .viewer)

            for way in [place.direct, admin] {
                let list = try await Program.run(["metastack", "token", "list"], way)
                #expect(list.contains("ci ") && list.contains("viewer") && list.contains("boss"))
                #expect(!list.contains(made) && !list.contains(secret))
            }
            // Others are told so, instead of being shown none.
            let viewer = place.through(made)
            for words in [
                ["token", "list"], ["token", "revoke", "ci", "--yes"], ["token", "create", "x"],
                ["flavour", "add", "x", "--vcpus", "1", "--ram", "1GiB"],
            ] {
                let refused = try await Program.outcome(of: ["metastack"] + words, viewer)
                #expect(refused.status == 1 && refused.output.isEmpty, "\(words)")
                #expect(refused.errors.contains("this needs the role"), "\(refused.errors)")
            }
            try await Program.run(["metastack", "token", "revoke", "ci", "--yes"], admin)
            let out = try await Program.outcome(of: ["metastack", "vm", "list"], viewer)
            #expect(out.status == 1 && out.errors.contains("does not let you in"), "\(out.errors)")
            let gone = try await Program.outcome(
                of: ["metastack", "token", "revoke", "ci", "--yes"], place.direct)
            #expect(gone.status == 3, "\(gone.errors)")
        }
    }

    /// Documents come in by a pipe, straight and through the server.
    @Test func whatIsWantedComesByStandardInput() async throws {
        try await Self.run { place in
            let server = place.through(try await place.token("ops", "operator"))
            for (number, way) in [place.direct, server].enumerated() {
                let text = """
                    {kind: flavour, name: piped, vcpus: \(number + 1), ram: 64MiB}
                    ---
                    {kind: flavour, name: other, vcpus: \(number + 1), ram: 64MiB}
                    """
                try await Program.run(
                    ["sh", "-c", "printf '%s\\n' \"$0\" | metastack apply -f -", text], way)
                let flavours = try await place.store.load().flavours.values.map(\.value)
                #expect(Set(flavours.map(\.name.text)) == ["piped", "other"])
                #expect(flavours.allSatisfy { $0.vcpus == number + 1 })
            }
        }
    }

    @Test func whoHasLoggedInNeedsNoFurtherWords() async throws {
        try await Self.run { place in
            let secret = try await place.token("me", "operator")
            let nowhere = [
                "HOME": place.home, "XDG_CONFIG_HOME": "", "METASTACK_CONFIG": "",
                "METASTACK_ETCD_ENDPOINTS": "",
            ]
            let said = try await Program.run(
                ["sh", "-c", "printf '%s\\n' \"$0\" | metastack login \"$1\"", secret, place.url],
                nowhere)
            #expect(said.contains("as me (operator)"), "\(said)")
            try await Program.run(
                ["metastack", "flavour", "add", "small", "--vcpus", "1", "--ram", "64MiB"], nowhere)
            #expect(try await place.store.load().flavours.count == 1)
            let file = place.home + "/.config/metastack/login.yaml"
            #expect(try await Program.run(["stat", "-c", "%a", file]) == "600\n")
            try await Program.run(["metastack", "logout"], nowhere)
            #expect(!FileManager.default.fileExists(atPath: file))
        }
    }
}
