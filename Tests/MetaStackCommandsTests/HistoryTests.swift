import Foundation
import MetaStackModel
import Testing

@testable import MetaStackCommands
@testable import MetaStackManagement

@Suite struct HistoryTests {
    private static func cluster(_ takeovers: String) -> Cluster {
        var cluster = Cluster.running
        cluster.put(
            "vm_history/v1",
            #"{"vm_create_revision":10,"host":"n1","incarnation":42,"boots":3,"crashes":2,"#
                + #""last_exit":"its guest crashed","takeovers":[\#(takeovers)]}"#, at: 13)
        return cluster
    }

    private static let whole = """
        {"from":"n2","to":"n1","incarnation":42,"last_proven":"2027-01-15T07:50:00.000Z",
        "expired":"2027-01-15T07:50:05.000Z","claimed":"2027-01-15T07:50:05.012Z",
        "evicted":"2027-01-15T07:50:05.100Z","started":"2027-01-15T07:50:05.456Z"}
        """

    @Test func showsHowLongEachStepOfATakeoverTook() async throws {
        let screen = try await run("vm", "history", "web", on: FakeAccess(Self.cluster(Self.whole)))
        #expect(
            screen.output == """
                vm web (v1)

                HISTORY
                last host         n1
                last incarnation  42
                boots             3
                crashes in a row  2
                last exit         its guest crashed

                FROM  TO  LAST PROVEN               EXPIRED  CLAIMED  EVICTED  STARTED   TOTAL
                n2    n1  2027-01-15T07:50:00.000Z  +5.00 s   +12 ms   +88 ms  +356 ms  5.46 s
                Each time is counted from the one before it, TOTAL from LAST PROVEN to STARTED;
                - was not seen, or has not come yet.

                """)
    }

    @Test func aTakeoverWhoseBeginningNobodySawStartsAtTheFirstMomentThatIsKnown() throws {
        let json = """
            {"from":"n2","to":"n1","incarnation":42,"claimed":"2027-01-15T07:50:05.000Z",
            "started":"2027-01-15T07:50:06.500Z"}
            """
        let takeover = try Takeover(json: Data(json.utf8), path: "a test's")
        let timeline = TakeoverTimeline(takeover: takeover)
        #expect(
            timeline.cells == [
                "n2", "n1", nil, nil, "2027-01-15T07:50:05.000Z", nil, "+1.50 s", nil,
            ])
        #expect(timeline.total == nil)
    }

    @Test func programsGetTheRecordAndTheDurations() async throws {
        let screen = try await run(
            "vm", "history", "v1", "-o", "json", on: FakeAccess(Self.cluster(Self.whole)))
        let value = try JSONDecoder().decode(JSONValue.self, from: Data(screen.output.utf8))
        guard case .object(let fields) = value, case .array(let takeovers)? = fields["takeovers"],
            case .object(let takeover)? = takeovers.first
        else {
            Issue.record("no takeover in \(screen.output)")
            return
        }
        #expect(takeover["from"] == .string("n2"))
        #expect(
            takeover["durations_ms"]
                == .object([
                    "expired": .integer(5000), "claimed": .integer(12), "evicted": .integer(88),
                    "started": .integer(356), "total": .integer(5456),
                ]))
    }

    @Test func aVMThatNeverRanHasNoPast() async throws {
        let screen = try await run("vm", "history", "web", on: FakeAccess(.running))
        #expect(screen.output.hasSuffix("nothing is known of its past: it never ran\n"))
    }

    @Test func showHasTheTimelineAndTheRestartPolicy() async throws {
        var cluster = Self.cluster(Self.whole)
        let plain = try await run("vm", "show", "web", on: FakeAccess(cluster))
        #expect(plain.output.contains("+356 ms  5.46 s\n"))
        #expect(plain.output.contains("on-failure"))
        cluster.put(
            "desired_vms/v1",
            #"{"name":"web","flavour":"f1","image":"debian","state":"start","restart_policy":"never"}"#,
            at: 20)
        let never = try await run("vm", "show", "web", on: FakeAccess(cluster))
        #expect(never.output.contains("restart      never"))
    }

    @Test func createTakesARestartPolicy() async throws {
        let access = FakeAccess(.ready)
        _ = try await run(
            "vm", "create", "web", "--flavour", "tiny", "--image", "debian", "--restart", "always",
            on: access)
        #expect(access.cluster.desiredVMs.values.map(\.value.restart) == [.always])
        let report = await failure(
            "vm", "create", "two", "--flavour", "tiny", "--image", "debian", "--restart",
            "sometimes", on: access)
        #expect(report?.status == .usage)
        #expect(report?.errors.contains("on-failure") == true)
    }

    @Test func startWritesTheSameRecordAnewForAGuestThatStoppedItself() async throws {
        var cluster = Cluster.running
        cluster.claim("stopped")
        let access = FakeAccess(cluster)
        let before = try #require(cluster.desiredVMs.values.first)
        let screen = try await run("vm", "start", "web", on: access)
        let after = try #require(access.cluster.desiredVMs.values.first)
        #expect(after.value == before.value)
        #expect(after.revision > before.revision)
        #expect(screen.output == "asked for vm web to be running\n")
    }
}
