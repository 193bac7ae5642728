import MetaStackTesting
import Testing

/// Planted mistakes, which show that the oracle looks where it should.
@Suite(.serialized) struct MutationTests {
    @Test(arguments: Mutation.allCases)
    func theOracleCatches(_ mutation: Mutation) async throws {
        let run = try await SimCommand.run(
            "--mutation", mutation.rawValue, "--seeds", "2000", "--lines", "1")
        #expect(run.status == 1, "\(mutation.rawValue), \(mutation.words): \(run.tail)")
        #expect(run.text.contains("replay with: swift run -c release metastack-sim --seed"))
    }
}
