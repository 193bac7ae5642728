import Foundation
import MetaStackModel
import Testing

@testable import MetaStackCommands
@testable import MetaStackManagement

@Suite struct TakeoverTests {
    /// A VM whose host is gone, another host that holds back, and a switch that is disarmed.
    private static var waiting: Cluster {
        var cluster = Cluster.running
        cluster.remove("actual_vms/v1")
        cluster.put("vm_history/v1", history(clients: true), at: 13)
        cluster.put(
            "hosts/n2",
            #"{"name":"n2","total_ram":8192,"total_vcpu":4,"takeovers_held":"3 of 4 hosts are gone"}"#,
            at: 14, lease: 8)
        cluster.put(
            "global_config/takeover",
            #"{"state":"disarmed","reason":"new switches","at":"2027-01-15T07:57:00.000Z","by":"me"}"#,
            at: 15)
        return cluster
    }

    private static func history(clients: Bool) -> String {
        let list = clients ? #","clients":["10.0.0.1:0/7"]"# : ""
        return #"{"vm_create_revision":10,"host":"n3","incarnation":11,"boots":2\#(list)}"#
    }

    @Test func statusShowsTheSwitchWhoHoldsBackAndWhoWaits() async throws {
        let screen = try await run("takeover", "status", on: FakeAccess(Self.waiting))
        #expect(
            screen.output == """
                takeovers are disarmed for 3m: new switches

                HOST  HOLDS TAKEOVERS BACK
                n2    3 of 4 hosts are gone

                WAITING VM  LAST HOST
                web         n3

                """)
        let json = try await run("takeover", "status", "-o", "json", on: FakeAccess(Self.waiting))
        let fields = try JSONDecoder().decode(JSONValue.self, from: Data(json.output.utf8))
        guard case .object(let fields) = fields else {
            Issue.record("no object in \(json.output)")
            return
        }
        #expect(fields["state"] == .string("disarmed"))
        #expect(
            fields["waiting"]
                == .array([
                    .object([
                        "id": .string("v1"), "name": .string("web"), "last_host": .string("n3"),
                    ])
                ]))
    }

    @Test func aSwitchThatNobodyTouchedIsArmedAndNothingWaits() async throws {
        let screen = try await run("takeover", "status", on: FakeAccess(.running))
        #expect(screen.output == "takeovers are armed\n")
    }

    @Test func aVMThatWaitsSaysWhatFor() {
        let id = VMID(unchecked: "v1")
        var cluster = Self.waiting
        #expect(VMStatus(id, in: cluster).message == "takeovers are disarmed: new switches")
        cluster.remove("global_config/takeover")
        // The other host does not hold back, and is about to.
        #expect(VMStatus(id, in: cluster).message == nil)
        cluster.remove("hosts/n1")
        #expect(
            VMStatus(id, in: cluster).message
                == "takeovers are held back: 3 of 4 hosts are gone")
    }

    @Test func aVMWaitsOnlyWhereItWasSomebodysAndIsWanted() {
        #expect(TakeoverStatus(Self.waiting).waiting.count == 1)
        var claimed = Self.waiting
        claimed.claim("running")
        #expect(TakeoverStatus(claimed).waiting.isEmpty)
        var released = Self.waiting
        released.put("vm_history/v1", Self.history(clients: false), at: 20)
        #expect(TakeoverStatus(released).waiting.isEmpty)
        var stopped = Self.waiting
        stopped.put(
            "desired_vms/v1", #"{"name":"web","flavour":"f1","image":"i1","state":"stop"}"#, at: 20)
        #expect(TakeoverStatus(stopped).waiting.isEmpty)
    }

    @Test func disarmingWritesTheReasonAndTheTime() async throws {
        let access = FakeAccess(.running)
        let screen = try await run("takeover", "disarm", "--reason", "new switches", on: access)
        let stored = try #require(access.cluster.takeoverSwitch?.value)
        #expect(stored == TakeoverSwitch(state: .disarmed, reason: "new switches", at: now))
        #expect(screen.output == "takeovers are disarmed: new switches\n")
    }

    @Test func armingWritesAlsoWhereItIsArmedAndKeepsUnknownFields() async throws {
        let access = FakeAccess(Self.waiting)
        let first = try await run("takeover", "arm", on: access)
        #expect(first.output == "takeovers are armed\ntold to go on: n2\n")
        let armed = try #require(access.cluster.takeoverSwitch)
        #expect(armed.value.state == .armed)
        #expect(armed.value.reason == nil)
        #expect(armed.value.rest == ["by": .string("me")])
        _ = try await run("takeover", "arm", on: access)
        let again = try #require(access.cluster.takeoverSwitch)
        #expect(again.revision > armed.revision)
        #expect(access.writeCount == 2)
    }

    @Test func aSwitchThatSomebodyMovesMeanwhileIsLeftAsItIs() async {
        let access = FakeAccess(
            Self.waiting,
            rival: { $0.put("global_config/takeover", #"{"state":"armed"}"#, at: 30) })
        let report = await failure("takeover", "disarm", on: access)
        #expect(report?.status == .conflict)
        #expect(access.writeCount == 0)
    }

    @Test func aSwitchThatCannotBeReadIsSaidAndReplaced() async throws {
        var cluster = Cluster.running
        cluster.put("global_config/takeover", #"{"state":"sideways"}"#, at: 20)
        let access = FakeAccess(cluster)
        let status = try await run("takeover", "status", on: access)
        #expect(status.output.hasPrefix("takeovers are armed: "))
        #expect(status.output.contains("global_config/takeover"))
        _ = try await run("takeover", "disarm", on: access)
        #expect(access.cluster.takeoverSwitch?.value.state == .disarmed)
    }
}
