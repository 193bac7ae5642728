import ArgumentParser
import Foundation
import MetaStackModel
import Testing

@testable import MetaStackCommands

@Suite struct EventParserTests {
    @Test func eventsArePutTogetherWhereverTheBytesAreCut() {
        let text =
            ": hello\n\nid: 7\nevent: records\ndata: {\"a\":\ndata: 1}\n\r\nevent: reload\r\ndata: é\r\n\r\n"
        let bytes = Array(text.utf8)
        let whole = [
            EventStream.Event(name: "records", data: "{\"a\":\n1}"),
            EventStream.Event(name: "reload", data: "é"),
        ]
        for cut in bytes.indices {
            var parser = EventParser()
            let events = parser.events(in: bytes[..<cut]) + parser.events(in: bytes[cut...])
            #expect(events == whole, "cut at \(cut)")
        }
    }
}

@Suite struct LoginFileTests {
    @Test func isReadAgainAndIsNobodyElses() throws {
        let home = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: home) }
        let environment = ["HOME": home.path]
        let file = try #require(LoginFile(environment))
        #expect(file.existing == nil)
        let server = ServerSettings(
            url: "https://[::1]:8443", token: "mst_'\"\\", ca: "/etc/ssl/own.pem")
        try file.write(server)
        try file.write(server)
        let path = try #require(file.existing)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
        #expect(mode as? Int == 0o600)

        let options = try GlobalOptions.parse([])
        #expect(try ManagementConfiguration(options, environment: environment).server == server)
        #expect(
            try ManagementConfiguration(options, mayBeLoggedIn: false, environment: environment)
                .server == nil)
        let direct = try GlobalOptions.parse(["--endpoints", "http://127.0.0.1:2379"])
        #expect(try ManagementConfiguration(direct, environment: environment).server == nil)
        #expect(try file.remove())
        #expect(file.existing == nil)
    }

    @Test func aTokenIsForTheServerBesideIt() throws {
        func server(_ words: [String], _ environment: [String: String]) throws -> ServerSettings? {
            try ManagementConfiguration(
                yaml: "server: {url: \"http://127.0.0.1:1\", token: file}", file: "x.yaml",
                environment: environment, flags: try GlobalOptions.parse(words).flags
            ).server
        }
        #expect(try server([], [:])?.token == "file")
        let other = ["METASTACK_SERVER_URL": "http://127.0.0.1:2"]
        #expect(try server([], other) == ServerSettings(url: "http://127.0.0.1:2"))
        #expect(try server(["--server", "http://127.0.0.1:3"], [:])?.token == nil)
        #expect(try server(["--server", "http://127.0.0.1:3", "--token", "t"], [:])?.token == "t")
        #expect(try server(["--endpoints", "http://127.0.0.1:2379"], [:]) == nil)
        #expect(try server(["--endpoints", "http://127.0.0.1:4"], other) == nil)
    }
}
