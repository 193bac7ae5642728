import Foundation
import MetaStackModel
import Testing

@testable import LinuxNetwork

/// What Open vSwitch has is what is wanted, whatever was there before and whoever was at it.
@Suite(.serialized) struct SwitchConvergenceTests {
    private func inWorld(_ body: (inout SwitchWorld) async throws -> Void) async throws {
        try await SwitchWorld.run(["blue": SwitchWorld.vlan("blue", 5)], body)
    }

    @Test func nothingIsLeftOfIt() async throws {
        try await inWorld { (world: inout SwitchWorld) async throws in
            for guest in world.guests.dropLast() { try await world.switches[0].stop(guest) }
            let report = try await world.planes[0].converge(HostNetworks())
            #expect(report.ready.isEmpty && report.problems.isEmpty)
            let rows = try await world.switches[0].rows()
            #expect(Set(rows.bridges.keys) == ["br0"])
            #expect(Set(rows.ports.keys) == ["br0", "eth0"])
            let links = try await world.switches[0].host.commands.run("ip", ["-o", "link", "show"])
            #expect(!links.contains(": ms"))
            let rules = try await world.switches[0].host.commands.run("nft", ["list", "ruleset"])
            #expect(rules.isEmpty)
            let files = ServiceFiles.all(in: world.switches[0].host.directory)
            #expect(files.isEmpty)
        }
    }

    @Test func whatIsAsItIsToBeIsNotTouched() async throws {
        try await inWorld { (world: inout SwitchWorld) async throws in
            #expect(try await world.reach(0, 1) == [true, true])
            let one = world.switches[0]
            let rows = try await one.rows()
            let before = try await one.flows("dump-flows", world.bridge(of: 0))
            async let ping = world.guests[0].commands.attempt(
                "ping",
                ["-q", "-i", "0.01", "-c", "200", "-W", "1", "\(world.guests[1].port.ipv6)"])
            for _ in 0..<3 {
                // An agent that starts knows nothing of what was made.
                _ = try await one.host.plane(switch: one.directory).converge(world.wanted[0])
            }
            let result = try await ping
            #expect(result.output.contains(" 0% packet loss"), "\(result.output)")
            #expect(try await one.rows() == rows)
            let after = try await one.flows("dump-flows", world.bridge(of: 0))
            #expect(ages(after).count == ages(before).count)
            // One that was put there anew is younger than all that were there.
            #expect((ages(after).min() ?? 0) > (ages(before).min() ?? 0))
        }
    }

    private func ages(_ flows: String) -> [Double] {
        flows.matches(of: #/duration=([\d.]+)s/#).compactMap { Double($0.1) }
    }

    @Test func whatWasDeletedByHandComesBack() async throws {
        try await inWorld { (world: inout SwitchWorld) async throws in
            #expect(try await world.reach(0, 2) == [true, true])
            let parts = ["outlet", "inlet", "service", "guest", "bridge", "flows", "link"]
            for part in parts {
                try await delete(part, in: world)
                let report = try await world.planes[0].converge(world.wanted[0])
                #expect(report.problems.isEmpty, "after \(part)")
                #expect(try await world.reach(0, 2) == [true, true], "after \(part)")
                #expect(try await world.reach(1, 0) == [true, true], "after \(part)")
                let given: [String]? = try await world.sandbox.tool(
                    Asking(client: world.guests[0].path, mac: "\(world.guests[0].port.mac)"))
                #expect(given == ["\(world.guests[0].port.ipv6)"], "after \(part)")
            }
        }
    }

    private func delete(_ part: String, in world: SwitchWorld) async throws {
        let names = NetworkNames(world.guests[0].port.network)
        let one = world.switches[0]
        switch part {
        case "outlet": try await one.change("del-port", names.outlet)
        case "inlet": try await one.change("del-port", names.inlet)
        case "service": try await one.change("del-port", names.servicePort)
        case "guest": try await one.change("del-port", "tap10")
        case "bridge": try await one.change("del-br", names.bridge)
        case "flows": try await one.flows("del-flows", names.bridge)
        default:
            try await Sandbox.ip(["link delete \(names.servicePort)"], in: one.host.namespace)
        }
    }

    private struct Asking: Encodable {
        var `do` = "dhcpv6"
        var client: String
        var mac: String
        var patience = 5.0
    }

    @Test func aSwitchThatStartsAnewLetsNothingPassBeforeItsFlowsAreBack() async throws {
        try await inWorld { (world: inout SwitchWorld) async throws in
            let one = world.switches[0]
            try await one.endSwitch()
            try await one.startSwitch()
            #expect(try await world.reach(0, 1) == [false, false])
            let report = try await world.planes[0].converge(world.wanted[0])
            #expect(report.problems.isEmpty)
            #expect(try await world.reachesSoon(0, 1))
            #expect(try await world.reachesSoon(0, 2))
            let fragments = try await one.flows("get-frags", world.bridge(of: 0))
            #expect(fragments.contains("nx-match"))
        }
    }

    @Test func aGuestsFlowsStandBeforeItsNICIsThereAndGoAfterIt() async throws {
        try await inWorld { (world: inout SwitchWorld) async throws in
            let one = world.switches[0]
            let bridge = world.bridge(of: 0)
            let port = try Make.port("tap13", "blue", number: 13)
            world.wanted[0].ports.append(port)
            _ = try await world.planes[0].converge(world.wanted[0])
            let rows = try await one.rows()
            let number = try #require(rows.ports["tap13"]?.request)
            let flows = try await one.flows("dump-flows", bridge)
            #expect(flows.contains("in_port=\(number),"))
            let guest = try await TestGuest(
                "g3", on: one.host, port, in: world.sandbox, mtu: 1500)
            try await one.start(guest, on: bridge)
            #expect(try await one.rows().ports["tap13"]?.number == number)
            #expect(try await guest.reaches(world.guests[2].port.ipv6))
            try await one.stop(guest)
            #expect(try await one.flows("dump-flows", bridge).contains("in_port=\(number),"))
            world.wanted[0].ports.removeLast()
            _ = try await world.planes[0].converge(world.wanted[0])
            #expect(try await !one.flows("dump-flows", bridge).contains("in_port=\(number),"))
            #expect(try await one.rows().ports["tap13"] == nil)
        }
    }

    @Test func aBridgeWithAnUnknownGuestOnItStays() async throws {
        try await inWorld { (world: inout SwitchWorld) async throws in
            _ = try await world.planes[0].converge(HostNetworks())
            #expect(try await world.reach(0, 2) == [true, true])
        }
    }

    @Test func whatIsNotOursStaysAsItIs() async throws {
        try await inWorld { (world: inout SwitchWorld) async throws in
            let one = world.switches[0]
            try await one.change(
                "add-br", "other", "--", "set", "Bridge", "other", "datapath_type=netdev", "--",
                "add-port", "br0", "own", "--", "set", "Interface", "own", "type=internal")
            let flow = "table=0,priority=7,in_port=77 actions=drop"
            try await one.flows("add-flow", "br0", flow)
            for guest in world.guests.dropLast() { try await one.stop(guest) }
            _ = try await world.planes[0].converge(HostNetworks())
            let rows = try await one.rows()
            #expect(Set(rows.bridges.keys) == ["br0", "other"])
            #expect(Set(rows.ports.keys) == ["br0", "eth0", "other", "own"])
            #expect(try await one.flows("dump-flows", "br0").contains("priority=7,in_port=77"))
        }
    }

    @Test func aHostWithoutItSaysSo() async throws {
        let commands = HostCommands(namespace: nil)
        let problem = await VirtualSwitch(commands: commands, directory: "/nowhere").problem()
        #expect(problem?.hasPrefix("Open vSwitch does not answer: ") == true)
        #expect(problem?.contains("/nowhere/db.sock") == true)
        try await inWorld { (world: inout SwitchWorld) async throws in
            let one = world.switches[0]
            let switches = VirtualSwitch(commands: one.host.commands, directory: one.directory)
            #expect(await switches.problem() == nil)
            try await one.endDatabase()
            await #expect(throws: NetworkPlaneError.self) {
                try await one.host.plane(switch: one.directory).converge(HostNetworks())
            }
        }
    }

    @Test func aNetworkThatCannotBeHereCostsTheOthersNothing() async throws {
        try await inWorld { (world: inout SwitchWorld) async throws in
            var wanted = world.wanted[0]
            for (number, id) in [(20, "red"), (21, "green"), (22, "grey")] {
                wanted.ports.append(try Make.port("tap\(number)", id, number: number))
            }
            wanted.networks[try NetworkID("red")] = try Make.vxlan(
                "red", vni: 7, subnets: Make.subnets())
            wanted.networks[try NetworkID("green")] = try Network(
                name: ResourceName("green"), kind: .bridge(InterfaceName("br7")))
            wanted.networks[try NetworkID("grey")] = try Network(
                name: ResourceName("grey"), kind: .vlan(uplink: InterfaceName("eth7"), id: 9))
            let report = try await world.planes[0].converge(wanted)
            #expect(
                report.problems == [
                    try NetworkID("red"): "with Open vSwitch there are none (network.driver)",
                    try NetworkID("green"): "this host has no bridge br7 of Open vSwitch",
                    try NetworkID("grey"):
                        "eth7 is on no bridge of Open vSwitch on this host",
                ])
            #expect(report.ready.keys.map(\.text) == ["blue"])
        }
    }
}
