import Logging
import MetaStackModel
import MetaStackTesting
import Testing

@testable import MetaStackWeb

/// Whatever is written, and whichever way, leaves one line: who, what, from where, before and after.
@Suite(.serialized) struct AuditTests {
    @Test func everyWayToWriteLeavesItsLine() async throws {
        let log = TestLog(level: .notice)
        try await LiveServer.run(audit: log.logger("audit")) { server in
            try await server.fill()
            let client = PageClient(server: server)
            let admin = try await PageClient.loggedIn(.admin, server)
            let operate = try await PageClient.loggedIn(.operate, server)
            var secret = ""

            // What is asked for, who asks, and what its line says: what it was, and what it is.
            func expect(
                _ who: String, _ subject: String, _ action: String, was: String, is after: String,
                _ ask: () async throws -> PageClient.Reply
            ) async throws {
                let before = Self.lines(log)
                let reply = try await ask()
                #expect((200..<400).contains(reply.status), "\(action) \(subject): \(reply.text)")
                let news = Self.lines(log).dropFirst(before.count)
                #expect(news.count == 1, "\(action) \(subject): \(news)")
                for part in [
                    "action=\(action) ", "subject=\(subject) ", "who=\(who)", "from=127.0.0.1",
                    "token=", "revision=",
                ] {
                    #expect(news.first?.contains(part) == true, "\(part): \(news)")
                }
                for (name, part) in [("before", was), ("after", after)] {
                    let value = Self.value(name, in: news.first) ?? ""
                    let isSo = part == "-" ? value == part : value.contains(part)
                    #expect(isSo, "\(name) \(action) \(subject): \(news)")
                }
            }
            try await expect("operator", "flavour small", "create", was: "-", is: #""vcpus":1"#) {
                try await client.ask(
                    "POST", "/api/v1/flavours", #"{"name": "small", "vcpus": 1, "ram": 64}"#,
                    as: .operate)
            }
            try await expect(
                "operator", "flavour small", "change", was: #""vcpus":1"#, is: #""vcpus":2"#
            ) {
                try await client.ask(
                    "PATCH", "/api/v1/flavours/small", #"{"vcpus": 2}"#, as: .operate)
            }
            try await expect("operator", "flavour small", "delete", was: #""vcpus":2"#, is: "-") {
                try await client.ask("DELETE", "/api/v1/flavours/small", as: .operate)
            }
            try await expect(
                "operator", "vm web", "change", was: #""state":"start""#, is: #""state":"stop""#
            ) {
                try await client.ask("POST", "/api/v1/vms/web/stop", as: .operate)
            }
            try await expect(
                "admin", "token bot (viewer)", "create", was: "-", is: #""role":"viewer""#
            ) {
                let reply = try await client.ask(
                    "POST", "/api/v1/tokens", #"{"name": "bot", "role": "viewer"}"#, as: .admin)
                secret = String(reply.text.firstMatch(of: /mst_[A-Za-z0-9_-]+/)?.0 ?? "none")
                return reply
            }
            try await expect("admin", "token bot", "revoke", was: #""role":"viewer""#, is: "-") {
                try await admin.submit("/tokens/revoke", ["id": "bot"], from: "/tokens")
            }
            try await expect(
                "operator", "config takeover", "create", was: "-", is: #""reason":"rack 3""#
            ) {
                try await operate.submit("/takeover/disarm", ["reason": "rack 3"], from: "/")
            }
            try await expect(
                "operator", "desired_hosts/a", "put", was: "-", is: #""state":"ready""#
            ) {
                try await client.ask(
                    "POST", "/api/v1/transactions",
                    #"{"conditions": [], "writes": [{"path": "desired_hosts/a", "record": {}}]}"#,
                    as: .operate)
            }
            #expect(secret.hasPrefix("mst_") && !log.tail.contains(secret))
            // Nor the digest by which the server knows it.
            #expect(!log.tail.contains("hash") && !log.tail.contains("sha256"))

            // What is refused, or changes nothing, is no write.
            let before = Self.lines(log).count
            for (method, path, body) in [
                ("POST", "/api/v1/flavours", #"{"name": "a b"}"#),
                ("POST", "/api/v1/vms/none/stop", nil), ("POST", "/api/v1/vms/web/stop", nil),
                ("GET", "/api/v1/vms", nil),
            ] as [(String, String, String?)] {
                _ = try await client.ask(method, path, body, as: .operate)
            }
            #expect(Self.lines(log).count == before)
        }
    }

    /// A record in a line: the values stand in the order of their names, and no other holds these words.
    private static func value(_ name: String, in line: Substring?) -> Substring? {
        let next = ["after": " before=", "before": " event=audit"]
        guard let line, let start = line.firstRange(of: " \(name)="), let word = next[name],
            let end = line.firstRange(of: word)
        else { return nil }
        return line[start.upperBound..<end.lowerBound]
    }

    private static func lines(_ log: TestLog) -> [Substring] {
        log.tail.split(separator: "\n").filter { $0.contains("desired state was written") }
    }
}
