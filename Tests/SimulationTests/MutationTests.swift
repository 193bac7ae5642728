import MetaStackTesting
import Testing

/// Planted mistakes, which show that the oracle looks where it should.
@Suite(.serialized) struct MutationTests {
    /// In each of these seeds the oracle catches the mistake; without one the seed holds.
    static let caught: [Mutation: Int] = [
        .noEviction: 3, .evictAfterStart: 3, .evictWatchersOnly: 128, .liftTooEarly: 3,
        .liftAtOnce: 12,
        .recordsBeforeImage: 21, .resumeBeforeRecord: 1, .releaseBeforeDestroy: 4, .noSuspend: 12,
        .suspendAlone: 525, .spareTheDeaf: 17, .resumeOnArrival: 1, .adoptAnything: 219,
        .trustLease: 11, .blindOutage: 12,
        .watchWithoutList: 2, .claimUnwanted: 165, .claimWithoutLease: 1, .claimTwice: 167,
        .recordBlindly: 125, .claimInPlaceBlindly: 136, .handOverBlindly: 125, .forgetAsking: 190,
        .reuseNames: 288,
        .releaseBeforeUnplug: 1, .giveTwice: 39, .keepAddresses: 4,
        .plugBeforeRules: 1,
    ]

    /// Minutes of faults, where half a one shows the mistake too seldom.
    static let length: [Mutation: String] = [.suspendAlone: "1"]

    private static func time(for mutation: Mutation) -> [String] {
        length[mutation].map { ["--minutes", $0] } ?? []
    }

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
                [
                    "--mutation", mutation.rawValue, "--first", "\(first)", "--seeds", "\(count)",
                    "--lines", "0", "--jobs", count > 1 ? "2" : "1",
                ] + Self.time(for: mutation))
            guard run.status != 1 else {
                return #expect(run.text.contains("replay with: swift run -c release metastack-sim"))
            }
        }
        Issue.record("nothing was seen of \(mutation.rawValue): \(mutation.words)")
    }

    @Test func theirSeedsHoldWithoutThem() async throws {
        for (mutation, seed) in Self.caught {
            let run = try await SimCommand.run(
                ["--first", "\(seed)", "--seeds", "1"] + Self.time(for: mutation))
            #expect(run.status == 0, "\(run.tail)")
        }
    }
}
