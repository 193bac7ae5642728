import Foundation
import MetaStackModel
import Testing

@testable import MetaStackCommands
@testable import MetaStackManagement

@Suite struct MoveTests {
    private static let vm = VMID(unchecked: "v1")

    /// `web` on n1, and n2 with room.
    private static var pair: Cluster {
        var cluster = Cluster.running
        cluster.put(
            "hosts/n2", #"{"name":"n2","total_ram":65536,"total_vcpu":4}"#, at: 21, lease: 8)
        return cluster
    }

    @Test func anOrderNamesTheHostThatIsLeft() async throws {
        let access = FakeAccess(Self.pair)
        let screen = try await run("vm", "move", "web", "--to", "n2", on: access)
        #expect(screen.output == "asked for vm web to move from n1 to n2\n")
        #expect(
            access.cluster.desiredVMs[Self.vm]?.value.moves.order
                == MoveWishes.Order(
                    id: "new-id", from: HostID(unchecked: "n1"), to: HostID(unchecked: "n2")))
    }

    @Test func waitsUntilItRunsElsewhere() async throws {
        let access = FakeAccess(
            Self.pair,
            later: [
                { cluster in
                    cluster.claim("running", actedOn: 22)
                    cluster.actualVMs[Self.vm]?.value.move = GuestMove(
                        id: "m", to: HostID(unchecked: "n2"), live: true, reason: "asked for",
                        since: now, progress: 40)
                },
                { cluster in
                    cluster.claim("running", actedOn: 22)
                    cluster.actualVMs[Self.vm]?.value.host = HostID(unchecked: "n2")
                },
            ])
        let screen = try await run("vm", "move", "web", "--wait", on: access)
        #expect(screen.output.hasSuffix("vm web has moved\n"), "\(screen.output)")
    }

    @Test func showsHowFarAMoveIs() throws {
        var cluster = Self.pair
        cluster.actualVMs[Self.vm]?.value.move = GuestMove(
            id: "m", to: HostID(unchecked: "n2"), live: true, reason: "host n1 is in maintenance",
            since: now, progress: 40)
        let status = VMStatus(Self.vm, in: cluster)
        #expect(status.word == .migrating)
        #expect(status.message == "to n2, 40 %, since host n1 is in maintenance")
    }

    @Test func refusesWhatWouldNeverComeTrue() async throws {
        var pinned = Self.pair
        pinned.desiredVMs[Self.vm]?.value.host = HostID(unchecked: "n1")
        let elsewhere = await failure("vm", "move", "web", "--to", "n2", on: FakeAccess(pinned))
        #expect(
            elsewhere?.errors == "metastack: vm web is pinned to host n1: pin it to n2 instead")
        let unknown = await failure("vm", "move", "web", "--to", "n9", on: FakeAccess(Self.pair))
        #expect(unknown?.status == .notFound)
        let nowhere = await failure("vm", "move", "web", on: FakeAccess(Self.stopped))
        #expect(nowhere?.errors.contains("does not run") == true)
    }

    private static var stopped: Cluster {
        var cluster = pair
        cluster.actualVMs[vm] = nil
        cluster.desiredVMs[vm]?.value.state = .stop
        return cluster
    }

    @Test func whatIsThereAlreadyIsLeftAlone() async throws {
        let access = FakeAccess(Self.pair)
        let screen = try await run("vm", "move", "web", "--to", "n1", on: access)
        #expect(screen.output == "vm web is on n1 already\n")
        #expect(access.cluster.desiredVMs[Self.vm]?.value.moves.order == nil)
    }

    @Test func maintenanceIsWaitedForUntilTheLastVMHasLeft() async throws {
        let access = FakeAccess(
            Self.pair, later: [{ $0.actualVMs[Self.vm]?.value.host = HostID(unchecked: "n2") }])
        let screen = try await run("host", "maintenance", "n1", "--wait", on: access)
        #expect(
            screen.output == """
                host n1 is in maintenance
                1 VM leaves it
                host n1 has no VMs any more

                """)
    }

    @Test func rebalanceSaysWhatItWouldGain() async throws {
        var cluster = Self.pair
        cluster.hosts[HostID(unchecked: "n1")]?.value.totalRAM = try Mebibytes(512)
        cluster.hosts[HostID(unchecked: "n1")]?.value.reservedRAM = .zero
        for number in 2...4 {
            cluster.put(
                "desired_vms/v\(number)", #"{"name":"w\#(number)","flavour":"f1","image":"i1"}"#,
                at: 10)
            cluster.put(
                "actual_vms/v\(number)",
                #"{"host":"n1","state":"running","ram":128,"vcpus":1}"#, at: 12, lease: 7)
        }
        let access = FakeAccess(cluster)
        let dry = try await run("rebalance", "--dry-run", "--at-most", "2", on: access)
        #expect(dry.output.hasPrefix("the fullest host is 100.0 % fuller than the emptiest, then"))
        #expect(access.cluster.desiredVMs.values.allSatisfy { $0.value.moves.order == nil })
        _ = try await run("rebalance", "--at-most", "2", on: access)
        #expect(access.cluster.desiredVMs.values.count { $0.value.moves.order != nil } == 2)
        let policy = try await run("rebalance", "--on", "--threshold", "15", on: access)
        #expect(policy.output == "nodes share load by themselves: on\n")
        await #expect(throws: (any Error).self) {
            try await run("rebalance", "--threshold", "0", on: access)
        }
    }
}
