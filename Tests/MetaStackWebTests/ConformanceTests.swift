import Foundation
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Subprocess
import Testing

@testable import MetaStackWeb

/// The API asked at random by schemathesis, which knows nothing of it but its OpenAPI document.
@Suite struct ConformanceTests {
    /// What a run of it must at least have asked.
    private static let cases = 5000

    /// Every answer is one that the document names, in the form that it describes.
    private static let checks = [
        "not_a_server_error", "status_code_conformance", "content_type_conformance",
        "response_headers_conformance", "response_schema_conformance", "unsupported_method",
        "allow_header_conformance",
    ]

    @Test func everyAnswerIsAsTheDocumentSays() async throws {
        let program = try #require(
            ProcessInfo.processInfo.environment["METASTACK_SCHEMATHESIS"],
            "it names the program schemathesis; deploy/test installs it and sets it")
        let folder = try TemporaryDirectory(prefix: "schemathesis")
        defer { folder.remove() }
        try await LiveServer.run { server in
            let secret = try #require(server.secrets[.admin])
            let run = try await Subprocess.run(
                .name("env"),
                arguments: [
                    "--chdir", folder.path, program, "--no-color", "run",
                    "\(server.url)/api/openapi.json", "--seed", "1",
                    "--max-examples", "100", "--checks", Self.checks.joined(separator: ","),
                    "--header", "Authorization: Bearer \(secret)",
                    "--header", "Accept: application/json",
                    // Streams have no end.
                    "--exclude-path", "/api/v1/events", "--exclude-path",
                    "/api/v1/records/changes",
                ], output: .string(limit: 8 << 20),
                error: .string(limit: 1 << 20))
            let text = run.standardOutput
            let summary = try #require(
                text.firstMatch(of: /([0-9]+) generated, ([0-9]+) passed/),
                "\(text)\(run.standardError)")
            #expect(run.terminationStatus.isSuccess, "\(text)")
            #expect(summary.output.1 == summary.output.2, "\(text)")
            let count = try #require(Int(summary.output.1))
            #expect(count >= Self.cases)
            #expect(
                !text.contains("mostly returned 429"), "the server refused to be asked so often")
            // Whatever came of it, nodes can read all that stands there now.
            #expect(try await server.store.load().malformed.isEmpty)
        }
    }
}
