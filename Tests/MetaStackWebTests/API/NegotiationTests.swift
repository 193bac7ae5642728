import MetaStackModel
import MetaStackTesting
import Testing

@testable import MetaStackWeb

/// In which of its forms a document is given.
@Suite(.serialized) struct NegotiationTests {
    @Test func theFormIsTheOneThatIsWantedMost() async throws {
        try await LiveServer.run { server in
            func ask(_ accept: String) async throws -> LiveServer.Reply {
                try await server.send(
                    "GET", "/api/v1/hosts", as: .viewer, headers: ["Accept": accept])
            }
            // How a document begins: an object in braces, a page, an object of four fields.
            let (json, html, packed) = (UInt8(ascii: "{"), UInt8(ascii: "<"), UInt8(0x84))
            for (accept, form) in [
                // As browsers ask.
                ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", html),
                ("*/*", json), ("application/*", json), ("TEXT/HTML", html),
                ("application/json;q=0.5, application/msgpack;q=0.9, image/png", packed),
                ("application/msgpack;q=0.5, text/html; level=1; q=0.6", html),
                ("application/json;q=0, */*;q=0.1", packed),
            ] {
                let reply = try await ask(accept)
                #expect(reply.status == 200 && reply.body.first == form, "\(accept)")
            }
            for accept in ["image/png", "application/json;q=0"] {
                #expect(try await ask(accept).status == 406, "\(accept)")
            }
        }
    }

    @Test func theSameListIsJSONAndMessagePack() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            let json = try await server.send("GET", "/api/v1/hosts", as: .viewer).json
            for name in ["application/msgpack", "application/x-msgpack"] {
                let packed = try await server.send(
                    "GET", "/api/v1/hosts", as: .viewer, headers: ["Accept": name])
                #expect(Array(packed.body) == MessagePack.encode(json))
            }
        }
    }
}
