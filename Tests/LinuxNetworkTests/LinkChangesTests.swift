import Testing

@testable import LinuxNetwork

@Suite struct LinkChangesTests {
    /// Each look is a new one, made when nothing is under way: so that none hears of the change before.
    @Test(.timeLimit(.minutes(1))) func tellsOfALinkThatComesAndOfOneThatGoes() async throws {
        try await Sandbox.run { sandbox in
            let namespace = "\(sandbox.name)-quiet"
            try await Sandbox.ip(["netns add \(namespace)"])
            for line in ["link add here type bridge", "link delete here"] {
                let changes = try await LinkChanges.stream(in: "/run/netns/\(namespace)")
                try await Sandbox.ip([line], in: namespace)
                var iterator = changes.makeAsyncIterator()
                #expect(await iterator.next() != nil, "\(line)")
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func endsWithItsReader() async throws {
        let changes = try LinkChanges.stream()
        let reader = Task { for await _ in changes {} }
        reader.cancel()
        await reader.value
    }
}
