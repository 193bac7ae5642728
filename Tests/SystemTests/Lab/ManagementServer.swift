import Foundation
import MetaStackModel
import Subprocess
import Testing

/// A `metastack serve` of the lab on loopback, and somebody who is logged in there and knows of no etcd.
struct ManagementServer: Sendable {
    let lab: Lab
    let url: String
    let token: String
    let home: URL

    /// Runs one for the time of a body.
    ///
    /// - Parameter role: of the token.
    static func run(
        _ test: Fixture, role: String = "operator",
        _ body: @Sendable @escaping (ManagementServer) async throws -> Void
    ) async throws {
        let lab = test.lab
        let listen = "127.0.0.1:\(try freePort("127.0.0.1"))"
        let name = test.name("token")
        let token = try await lab.succeed("token", "create", name, "--role", role)
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
    var environment: [String: String] {
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
