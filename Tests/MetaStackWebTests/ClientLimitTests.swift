import Foundation
import MetaStackModel
import NIOCore
import Testing

@testable import MetaStackWeb

@Suite struct ClientLimitTests {
    private static func limits(idle: TimeAmount = .seconds(60), body: TimeAmount = .seconds(60))
        -> ClientLimits
    {
        var limits = ClientLimits()
        limits.idle = idle
        limits.body = body
        return limits
    }

    private static func port(of server: LiveServer) throws -> Int {
        try #require(URL(string: server.url)?.port)
    }

    @Test func aConnectionThatSendsNoWholeHeadIsClosed() async throws {
        try await LiveServer.run(limits: Self.limits(idle: .milliseconds(300))) { server in
            let connection = try RawConnection(port: try Self.port(of: server))
            connection.send("GET /livez HTTP/1.1\r\nHost: ")
            #expect(await connection.ends(within: 10_000))
        }
    }

    @Test func aBodyThatComesByteByByteIsNotAwaitedForEver() async throws {
        try await LiveServer.run(limits: Self.limits(body: .milliseconds(500))) { server in
            let connection = try RawConnection(port: try Self.port(of: server))
            connection.send(
                "POST /api/v1/vms HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
                    + "Authorization: Bearer \(server.secrets[.admin] ?? "")\r\n"
                    + "Content-Type: application/json\r\n\r\n{")
            let end = ContinuousClock.now + .seconds(10)
            while await !connection.ends(within: 50), ContinuousClock.now < end {
                connection.send(" ")
            }
            #expect(ContinuousClock.now < end)
            #expect(try await server.send("GET", "/livez").status == 200)
        }
    }

    @Test func methodsThatNobodyKnowsAreToldFromThoseThatAPathDoesNotHave() async throws {
        try await LiveServer.run { server in
            for (method, path, status) in [
                ("QUERY", "/livez", 405), ("QUERY", "/api/v1/vms", 405),
                ("PROPFIND", "/livez", 501),
                ("GET", "/nothing", 404),
            ] {
                let reply = try await server.send(method, path, as: .admin)
                #expect(reply.status == status, "\(method) \(path)")
            }
        }
    }
}
