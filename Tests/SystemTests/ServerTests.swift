import Foundation
import MetaStackModel
import MetaStackStore
import Subprocess
import Testing

extension SystemTests {
    /// Whatever works on etcd works through `metastack serve`: by the same commands, and by curl.
    @Suite struct Server {
        @Test func theTourIsTheSameThroughTheServer() async throws {
            try await Fixture.run { test in
                try await ManagementServer.run(test) { server in
                    let lab = test.lab
                    try await server.login()
                    let (flavour, name) = (test.name("small"), test.name("tour"))
                    try await server.succeed(
                        "flavour", "add", flavour, "--vcpus", "1", "--ram", "128MiB")
                    test.later { try await lab.succeed("flavour", "delete", flavour, "--yes") }
                    let created = try await server.succeed(
                        "vm", "create", name, "--flavour", flavour, "--image", "tiny", "--wait",
                        "--quiet")
                    let vm = test.guest(
                        id: VMID(unchecked: created.trimmingCharacters(in: .newlines)))
                    let old = try await vm.counting(past: 1)

                    // What is shown is the same, whichever way it came.
                    for words in [
                        ["vm", "list", "-o", "json"], ["vm", "show", name, "-o", "yaml"],
                        ["host", "list", "-o", "name"], ["image", "list", "-o", "json"],
                        ["explain", name, "-o", "json"], ["volume", "list", "-o", "name"],
                        ["config", "list", "-o", "json"], ["takeover", "status", "-o", "json"],
                    ] {
                        let direct = try await lab.metastack(words).checked("\(words)")
                        #expect(try await server.succeed(words) == direct, "\(words)")
                    }

                    let moved = try await server.succeed("vm", "move", name, "--wait")
                    #expect(moved.contains("has moved"), "\(moved)")
                    let new = try #require(try await lab.store.load().actualVMs[vm.id])
                    #expect(new.value.host != old.value.host)
                    try await server.succeed("vm", "set", name, "labels.tier=web")
                    #expect(try await server.succeed("vm", "list", "-l", "tier=web").contains(name))
                    try await server.succeed("vm", "stop", name, "--wait")
                    #expect(try await vm.domainState(on: new.value.host) == nil)
                    try await server.succeed("vm", "delete", name, "--yes", "--wait")
                    let refused = try await server.metastack(["vm", "show", name])
                    #expect(refused.status == 3)
                    #expect(refused.errors.contains("there is no vm"), "\(refused.errors)")
                }
            }
        }

        @Test func aVMLivesAndDiesByCurl() async throws {
            try await Fixture.run { test in
                try await ManagementServer.run(test) { server in
                    let name = test.name("curl")
                    let vm = test.guest(id: VMID(unchecked: name))
                    let body =
                        #"{"name":"\#(name)","flavour":"tiny","image":"tiny","state":"start"}"#
                    #expect(try await server.curl("PUT", "vms/\(name)", body) == 202)
                    let claim = try await vm.counting()
                    #expect(
                        try await server.curl("PATCH", "vms/\(name)", #"{"state":"stop"}"#) == 202)
                    try await eventually("it is stopped") {
                        try await vm.domainState(on: claim.value.host) == nil
                    }
                    #expect(try await server.curl("DELETE", "vms/\(name)") == 202)
                    try await eventually("nothing is left") {
                        try await test.lab.store.load().volumes[vm.id] == nil
                    }
                }
            }
        }
    }
}

/// A `metastack serve` of the lab on loopback, and somebody who is logged in there and knows of no etcd.
private struct ManagementServer: Sendable {
    let lab: Lab
    let url: String
    let token: String
    let home: URL

    /// Runs one for the time of a body.
    static func run(
        _ test: Fixture, _ body: @Sendable @escaping (ManagementServer) async throws -> Void
    ) async throws {
        let lab = test.lab
        let listen = "127.0.0.1:\(try freePort("127.0.0.1"))"
        let name = test.name("token")
        let token = try await lab.succeed("token", "create", name, "--role", "operator")
            .trimmingCharacters(in: .newlines)
        test.later { try await lab.succeed("token", "revoke", name, "--yes") }
        let server = ManagementServer(
            lab: lab, url: "http://\(listen)", token: token, home: try test.folder())
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Ended by its task's cancellation, which signals the child and nobody else.
            group.addTask {
                _ = try await Subprocess.run(
                    .name("env"),
                    arguments: Arguments([
                        "METASTACK_CONFIG=\(lab.managementConfig)",
                        lab.binaries.appending(path: "metastack").path, "serve", "--listen",
                        listen,
                    ]), output: .discarded, error: .discarded)
            }
            defer { group.cancelAll() }
            try await eventually("the server is ready") {
                try await Command(["curl", "-sf", server.url + "/readyz"]).run().status == 0
            }
            try await body(server)
        }
    }

    func login() async throws {
        let secret = home.appending(path: "secret")
        try Data(token.utf8).write(to: secret)
        let program = lab.binaries.appending(path: "metastack").path
        let said = try await Command(
            ["sh", "-c", "exec \"$0\" login \"$1\" <\"$2\"", program, url, secret.path],
            environment: environment
        ).run().checked("login")
        #expect(said.contains("(operator)"), "\(said)")
    }

    /// Without any word of where etcd is.
    private var environment: [String: String] {
        ["HOME": home.path, "METASTACK_CONFIG": "", "METASTACK_ETCD_ENDPOINTS": ""]
    }

    func metastack(_ words: [String]) async throws -> Output {
        try await Command(
            [lab.binaries.appending(path: "metastack").path] + words, environment: environment
        ).run()
    }

    @discardableResult
    func succeed(_ words: String...) async throws -> String { try await succeed(words) }

    @discardableResult
    func succeed(_ words: [String]) async throws -> String {
        try await metastack(words).checked("metastack \(words.joined(separator: " "))")
    }

    /// The status of a request.
    func curl(_ method: String, _ path: String, _ body: String? = nil) async throws -> Int? {
        let type = method == "PATCH" ? "application/merge-patch+json" : "application/json"
        let sent = body.map { ["-H", "Content-Type: \(type)", "-d", $0] } ?? []
        let status = try await Command(
            [
                "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", method, "-H",
                "Authorization: Bearer \(token)",
            ] + sent + ["\(url)/api/v1/\(path)"]
        ).run().checked("curl")
        return Int(status)
    }
}
