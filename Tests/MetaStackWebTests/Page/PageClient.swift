import Foundation
import HTTPTypes
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Subprocess

@testable import MetaStackWeb

/// A browser that runs no script: it sends forms and shows what comes.
struct PageClient: Sendable {
    let server: LiveServer
    /// `name=value`.
    var cookie: String?

    struct Reply {
        let status: Int
        /// In lower case; of two of one name the last.
        let headers: [String: String]
        let text: String

        /// The proof that the page's forms carry.
        var proof: String? {
            text.firstMatch(of: /name="proof" value="([^"]+)"/).map { String($0.1) }
        }
    }

    /// One that has logged in with a role's token.
    static func loggedIn(_ role: AccessToken.Role, _ server: LiveServer) async throws -> PageClient
    {
        var client = PageClient(server: server)
        let reply = try await client.send(
            "POST", "/login", ["token": server.secrets[role] ?? "", "next": "/"])
        guard let cookie = reply.headers["set-cookie"] else {
            throw TestingError("no cookie: \(reply.status) \(reply.text)")
        }
        client.cookie = String(cookie.prefix { $0 != ";" })
        return client
    }

    func get(_ path: String) async throws -> Reply { try await send("GET", path) }

    /// Sends a form as the page has it, with the proof that the page at `from` shows.
    func submit(_ path: String, _ fields: [String: String], from: String) async throws -> Reply {
        var fields = fields
        fields["proof"] = try await get(from).proof
        return try await send("POST", path, fields)
    }

    /// Asks as a program does, with a role's token; the body is JSON.
    func ask(
        _ method: String, _ path: String, _ json: String? = nil, as role: AccessToken.Role?,
        headers: [String] = []
    ) async throws -> Reply {
        var headers = headers
        if let role { headers.append("Authorization: Bearer \(server.secrets[role] ?? "")") }
        if json != nil { headers.append("Content-Type: application/json") }
        return try await send(method, path, json: json, headers: headers)
    }

    func send(
        _ method: String, _ path: String, _ form: [String: String]? = nil,
        json: String? = nil, headers: [String] = []
    ) async throws -> Reply {
        var words = ["-s", "-i", "-X", method, "--max-time", "30", server.url + path]
        if let cookie { words += ["-H", "Cookie: \(cookie)"] }
        for header in headers { words += ["-H", header] }
        if let form {
            let body = form.sorted { $0.key < $1.key }
                .map { "\($0.key.pathSegment)=\($0.value.pathSegment)" }.joined(separator: "&")
            words += ["--data-raw", body]
        }
        if let json { words += ["--data-raw", json] }
        let result = try await Subprocess.run(
            .name("curl"), arguments: Arguments(words), output: .string(limit: 32 << 20),
            error: .discarded)
        return try Self.reply(result.standardOutput)
    }

    private static func reply(_ text: String) throws -> Reply {
        guard let end = text.firstRange(of: "\r\n\r\n") else {
            throw TestingError("no answer: \(text)")
        }
        let lines = text[..<end.lowerBound].split(separator: "\r\n")
        let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        return Reply(
            status: status ?? 0, headers: headers, text: String(text[end.upperBound...]))
    }
}
