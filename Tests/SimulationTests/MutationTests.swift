import MetaStackTesting
import Testing

/// Planted mistakes, which show that the oracle looks where it should.
@Suite(.serialized) struct MutationTests {
    /// In each of these seeds the oracle catches the mistake; without one the seed holds.
    static let caught: [Mutation: Int] = [
        .noEviction: 3, .evictAfterStart: 3, .evictWatchersOnly: 128, .liftTooEarly: 3,
        .recordsBeforeImage: 2, .resumeBeforeRecord: 1, .releaseBeforeDestroy: 4, .noSuspend: 11,
        .suspendAlone: 165,
        .spareTheDeaf: 17, .resumeOnArrival: 1, .adoptAnything: 6, .trustLease: 6, .blindOutage: 11,
        .watchWithoutList: 26, .claimUnwanted: 20, .claimWithoutLease: 1, .claimTwice: 159,
        .recordBlindly: 85, .claimInPlaceBlindly: 111, .handOverBlindly: 705, .forgetAsking: 309,
        .reuseNames: 288,
        .releaseBeforeUnplug: 1, .giveTwice: 64, .keepAddresses: 4,
        .plugBeforeRules: 1,
    ]

    @Test func thereAreTwelveMistakesAtLeastAndEachHasASeed() {
        #expect(Mutation.allCases.count >= 12)
        #expect(Set(Self.caught.keys) == Set(Mutation.allCases))
    }

    /// The product goes on changing, and a seed does something else then: the ones after it are tried
    /// as well, up to the 2,000 within which each mistake must be found.
    @Test(arguments: Mutation.allCases)
    func theOracleCatches(_ mutation: Mutation) async throws {
        let known = try #require(Self.caught[mutation])
        for (first, count) in [(known, 1), (1, 2000)] {
            let run = try await SimCommand.run(
                "--mutation", mutation.rawValue, "--first", "\(first)", "--seeds", "\(count)",
                "--lines", "0", "--jobs", count > 1 ? "2" : "1")
            guard run.status != 1 else {
                return #expect(run.text.contains("replay with: swift run -c release metastack-sim"))
            }
        }
        Issue.record("nothing was seen of \(mutation.rawValue): \(mutation.words)")
    }

    @Test func theirSeedsHoldWithoutThem() async throws {
        for seed in Set(Self.caught.values).sorted() {
            let run = try await SimCommand.run("--first", "\(seed)", "--seeds", "1")
            #expect(run.status == 0, "\(run.tail)")
        }
    }
}
