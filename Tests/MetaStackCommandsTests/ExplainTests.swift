import ArgumentParser
import Foundation
import MetaStackModel
import Testing

@testable import MetaStackCommands
@testable import MetaStackManagement

@Suite struct ExplainTests {
    /// The VM runs on n1; n2 is larger, n3 too small, n4 in maintenance.
    private static var fleet: Cluster {
        var cluster = Cluster.running
        for (name, ram, at) in [("n2", 65536, 21), ("n3", 64, 22), ("n4", 8192, 23)]
            as [(String, Int, Int64)]
        {
            cluster.put(
                "hosts/\(name)", #"{"name":"\#(name)","total_ram":\#(ram),"total_vcpu":4}"#,
                at: at, lease: 8)
        }
        cluster.put(
            "desired_hosts/n4", #"{"state":"maintenance","reason":"new memory"}"#, at: 24)
        return cluster
    }

    @Test func saysWhyAVMIsWhereItIs() async throws {
        let screen = try await run("explain", "web", on: FakeAccess(Self.fleet))
        #expect(
            screen.output == """
                vm web (v1) is on n1, now number 2 of 2 hosts that can; VMs that run stay where they are

                HOST  RANK   LOAD  UNMET  WHY NOT
                n2       1  3.1 %      0  -
                n1 *     2  3.1 %      0  -
                n3       -      -      -  needs 128 MiB, 64 free of 64, 0 reserved
                n4       -      -      -  the host is in maintenance: new memory

                """)
    }

    @Test func answersWhatWouldBe() async throws {
        let lost = try await run(
            "explain", "web", "--lost", "n1", "--lost", "n2", on: FakeAccess(Self.fleet))
        #expect(lost.output.hasPrefix("vm web (v1) no host could run it\n"))
        let huge = try await run("explain", "web", "--flavour", "huge", on: FakeAccess(Self.fleet))
        #expect(huge.output.hasPrefix("vm web (v1) would run on n2\n"))
        #expect(huge.output.contains("needs 65536 MiB, 7168 free of 8192, 1024 reserved"))
    }

    @Test func saysWhyAVMIsNowhere() async throws {
        var cluster = Self.fleet
        cluster.remove("actual_vms/v1")
        cluster.put(
            "desired_vms/v1",
            #"{"name":"web","flavour":"f1","image":"debian","required_labels":{"rack":"7"}}"#,
            at: 30)
        let screen = try await run("explain", "web", "-o", "json", on: FakeAccess(cluster))
        let document = try JSONDecoder().decode(JSONValue.self, from: Data(screen.output.utf8))
        guard case .object(let fields) = document, case .array(let hosts)? = fields["hosts"],
            case .object(let first)? = hosts.first
        else {
            Issue.record("no document: \(screen.output)")
            return
        }
        #expect(fields["verdict"] == .string("no host can run it"))
        #expect(first["rank"] == .null)
        #expect(
            first["reasons"]
                == .array([.string("needs label rack=7, the host has none")]))
    }

    @Test func saysWhichHostsHaveNotWhatANetworkIsMadeOf() async throws {
        var cluster = Self.fleet
        cluster.put(
            "networks/n5",
            #"{"name":"office","kind":"vlan","uplink":"eth1","vlan":5,"#
                + #""subnets":[{"prefix":"10.5.0.0/24"}]}"#, at: 30)
        cluster.put(
            "hosts/n2",
            #"{"name":"n2","total_ram":65536,"total_vcpu":4,"interfaces":["eth0","eth1"],"plane":{}}"#,
            at: 31, lease: 8)
        cluster.put(
            "hosts/n1",
            #"{"name":"n1","total_ram":8192,"total_vcpu":4,"interfaces":["eth0"],"plane":{}}"#,
            at: 32, lease: 7)
        cluster.remove("actual_vms/v1")
        cluster.put(
            "desired_vms/v1",
            #"{"name":"web","flavour":"f1","image":"debian","nics":[{"network":"office"}]}"#, at: 33
        )
        let screen = try await run("explain", "web", on: FakeAccess(cluster))
        let lines = screen.output.split(separator: "\n")
        #expect(lines.first?.contains("waits for n2, the best of") == true, "\(screen.output)")
        let first = try #require(lines.first { $0.hasPrefix("n1 ") })
        #expect(first.hasSuffix("  it has no uplink eth1"), "\(screen.output)")
    }

    @Test func hostsAreChangedAndKeepWhatWasSaidOfThemBefore() async throws {
        let access = FakeAccess(Self.fleet)
        let set = try await run(
            "host", "set", "n1", "--label", "rack=7", "--ram-overcommit", "1.5", on: access)
        #expect(set.output == "host n1 is changed\n")
        let away = try await run("host", "maintenance", "n1", "--reason", "a fan", on: access)
        #expect(away.output == "host n1 is in maintenance: a fan\n1 VM leaves it\n")
        let ready = try await run("host", "ready", "n1", on: access)
        #expect(ready.output == "host n1 takes VMs\n")
        #expect(
            access.cluster.desiredHosts[HostID(unchecked: "n1")]?.value
                == DesiredHost(labels: ["rack": "7"], ramOvercommit: try Overcommit(1.5)))
    }

    @Test(arguments: [
        ["--ram-overcommit", "0"], ["--vcpu-overcommit", "many"], ["--label", "rack"], [],
    ])
    func refusesAbsurdChanges(_ options: [String]) async {
        await #expect(throws: (any Error).self) {
            _ = try await MetaStackCommand.parsed(["host", "set", "n1"] + options)
        }
    }

    @Test func aVMIsCreatedWithItsWishes() async throws {
        let access = FakeAccess(Self.fleet)
        _ = try await run(
            "vm", "create", "db", "--flavour", "tiny", "--image", "debian", "--priority", "7",
            "--require-label", "rack=7", "--prefer-label", "disk=fast", "--group",
            "db=anti-affinity", on: access)
        #expect(
            access.cluster.desiredVMs[VMID(unchecked: "new-id")]?.value.placement
                == PlacementWishes(
                    priority: 7, required: ["rack": "7"], preferred: ["disk": "fast"],
                    groups: ["db": .antiAffinity]))
    }
}
