import MetaStackModel
import Testing

@testable import LinuxNetwork

/// How much a guest may have of its host's metadata server.
@Suite struct MetadataLimitTests {
    private typealias World = MetadataWorld

    private static var impatient: MetadataLimits {
        var limits = MetadataLimits()
        limits.patience = .milliseconds(500)
        return limits
    }

    private static let long = String(repeating: "x", count: 60)

    @Test func slowClientsAreEndedAndOthersDoNotWaitForThem() async throws {
        try await World.run(limits: Self.impatient) { world in
            let hoard: World.Hoard = try await world.sandbox.tool(
                World.Asking(
                    do: "hoard", client: world.guests[0].path, other: world.guests[1].path,
                    count: 20))
            #expect(hoard.answer.hasSuffix("tap11 asks for /y"))
            #expect(hoard.ends == Array(repeating: "closed", count: 20))
            #expect(try await world.ask(world.guests[0]) == "tap10 asks for /x")
        }
    }

    @Test func whoSendsALittleNowAndThenIsEndedAllTheSame() async throws {
        try await World.run(limits: Self.impatient) { world in
            let bytes: Int = try await world.sandbox.tool(
                World.Asking(
                    do: "drip", client: world.guests[0].path, request: World.get("/" + Self.long)))
            #expect((1..<Self.long.count).contains(bytes))
            #expect(try await world.ask(world.guests[0]) == "tap10 asks for /x")
        }
    }

    /// The kernel keeps what it has not got rid of for minutes, and counts it to no connection of the agent's.
    @Test func whoDoesNotTakeItsAnswerIsNotWaitedFor() async throws {
        try await World.run(limits: Self.impatient) { world in
            func took(after time: Double) async throws -> Int {
                try await world.sandbox.tool(
                    World.Asking(
                        do: "deaf", client: world.guests[0].path, request: World.get("/long"),
                        patience: time))
            }
            #expect(try await took(after: 0) > World.long.count)
            let late = try await took(after: 4)
            #expect(late < World.long.count)
        }
    }

    @Test func aConnectionIsOneQuestion() async throws {
        try await World.run { world in
            let many = [1, 2, 3].map { World.get("/\($0)") }.joined()
            let told: String = try await world.sandbox.tool(
                World.Asking(client: world.guests[0].path, request: many))
            #expect(told.contains("tap10 asks for /1"))
            #expect(told.ranges(of: "asks for").count == 1, "\(told)")
            // The connection's end is sent after whatever was heard of it.
            #expect(world.questions.heard == ["/1"])
        }
    }

    @Test func whoHoldsAllOfItsConnectionsGetsNoFurtherOne() async throws {
        try await World.run { world in
            let allowed = MetadataLimits().connectionsPerPort
            let hoard: World.Hoard = try await world.sandbox.tool(
                World.Asking(
                    do: "hoard", client: world.guests[0].path, other: world.guests[0].path,
                    count: allowed, patience: 0.5))
            #expect(hoard.answer.isEmpty || hoard.answer == "none")
            #expect(hoard.ends == Array(repeating: "open", count: allowed))
        }
    }

    @Test func aGuestThatAsksWithoutEndIsNotHeardByTheAgent() async throws {
        try await World.run { world in
            let answered: Int = try await world.sandbox.tool(
                World.Asking(
                    do: "flood", client: world.guests[0].path, count: 600, patience: 0.5))
            #expect((200..<600).contains(answered), "\(answered) of 600")
            #expect(try await world.ask(world.guests[1]) == "tap11 asks for /x")
        }
    }

    @Test(arguments: [
        World.get("/" + String(repeating: "x", count: 20_000)), "nonsense\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n"
            + String(repeating: "x", count: 20_000),
    ])
    func whatIsNoQuestionIsNotAnswered(request: String) async throws {
        try await World.run { world in
            let told: String = try await world.sandbox.tool(
                World.Asking(client: world.guests[0].path, request: request))
            #expect(!told.contains("asks for"), "\(told)")
            #expect(try await world.ask(world.guests[0]) == "tap10 asks for /x")
        }
    }
}
