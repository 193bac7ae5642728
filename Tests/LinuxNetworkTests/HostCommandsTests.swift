import Testing

@testable import LinuxNetwork

/// Programs of the host, and what becomes of those that do not do what they are asked to.
@Suite struct HostCommandsTests {
    private static let long = String(repeating: "x", count: 1 << 20)

    @Test func aProgramReadsWhatItIsGiven() async throws {
        let commands = HostCommands(namespace: nil)
        #expect(try await commands.run("cat", [], input: Self.long) == Self.long)
        #expect(try await commands.run("cat", []) == "")
    }

    /// It ended the whole agent.
    @Test func oneThatEndsWithoutReadingFailsOrNotByItself() async throws {
        let commands = HostCommands(namespace: nil)
        for _ in 0..<20 {
            #expect(try await commands.attempt("true", [], input: Self.long).complaint == nil)
            #expect(try await commands.attempt("false", [], input: Self.long).complaint != nil)
            let elsewhere = HostCommands(namespace: "/proc/self/status")
            let said = try await elsewhere.attempt("cat", [], input: "x")
            #expect(said.complaint?.contains("nsenter") == true)
        }
    }
}
