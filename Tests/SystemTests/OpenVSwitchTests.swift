import Foundation
import MetaStackModel
import MetaStackStore
import Testing

extension SystemTests {
    /// Hosts whose bridges are Open vSwitch's.
    @Suite struct OpenVSwitch {
        private static let configuration = "/etc/metastack/node.yaml"

        /// As a machine with Open vSwitch has it, with the datapath in user space.
        private static let start = """
            mkdir -p /run/openvswitch && cd /run/openvswitch
            ovsdb-tool create conf.db /usr/share/openvswitch/vswitch.ovsschema
            ovsdb-server /run/openvswitch/conf.db --remote=punix:/run/openvswitch/db.sock \
                --pidfile --detach -vconsole:off
            ovs-vsctl --no-wait init
            ovs-vsctl --no-wait set Open_vSwitch . other_config:userspace-tso-enable=true
            ovs-vswitchd --pidfile --detach -vconsole:off
            ovs-vsctl add-br br-ovs -- set Bridge br-ovs datapath_type=netdev
            """
        private static let choose = """
            sed -i 's/^  bridge: br0$/  bridge: br-ovs\\n  driver: openvswitch/' \(configuration)
            """
        private static let end = """
            sed -i 's/^  bridge: br-ovs$/  bridge: br0/; /^  driver: openvswitch$/d' \(configuration)
            for daemon in ovs-vswitchd ovsdb-server; do
                kill $(cat /run/openvswitch/$daemon.pid) || true
            done
            rm -rf /run/openvswitch
            """

        private func run(_ script: String, on host: HostID, _ lab: Lab) async throws -> String {
            try await lab.execute(host, "sh", "-ec", script).checked(script)
        }

        /// Has a host's networks made by it until the test's end. It is started after the agent.
        private func use(on host: HostID, _ test: Fixture) async throws {
            let lab = test.lab
            test.later {
                _ = try await self.run(Self.end, on: host, lab)
                try await lab.tool("agent", host.text, "restart")
            }
            _ = try await run(Self.choose, on: host, lab)
            try await lab.tool("agent", host.text, "restart")
            try await eventually("\(host) says that there is none") {
                let plane = try await lab.store.load().hosts[host]?.value.plane
                return plane?.noProtection?.contains("Open vSwitch does not answer") == true
            }
            _ = try await run(Self.start, on: host, lab)
            try await eventually("\(host) says what it has") {
                guard let record = try await lab.store.load().hosts[host]?.value else {
                    return false
                }
                return record.networks == ["br-ovs"] && record.plane?.noVXLANs != nil
                    && record.plane?.noProtection == nil
            }
        }

        private func create(
            _ network: String, _ kind: String..., test: Fixture
        ) async throws {
            test.later { try await test.lab.succeed("network", "delete", network, "--yes") }
            try await test.lab.succeed(
                ["network", "create", network, "--subnet", "10.77.0.0/28"] + kind)
        }

        private func create(
            _ name: String, on network: String, _ words: String..., test: Fixture
        ) async throws -> Guest {
            let text = try await test.lab.succeed(
                [
                    "vm", "create", test.name(name), "--flavour", "tiny", "--image", "tiny",
                    "--nic", "network=\(network)", "--wait", "-o", "json",
                ] + words)
            let created = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
            return test.guest(id: VMID(unchecked: try #require(created["id"]?.text)))
        }

        /// Whether a guest hangs on its network's own bridge, by a port that flows are about.
        ///
        /// - Returns: the bridge.
        @discardableResult
        private func expectPort(
            of vm: Guest, _ claim: ActualVM, _ lab: Lab
        ) async throws -> String {
            let host = claim.host
            let nic = try #require(claim.nics.first)
            let tap = try #require(nic.interface)
            let domain = try await run("virsh -q dumpxml \(vm.domain)", on: host, lab)
            #expect(domain.contains("<virtualport type='openvswitch'>"), "\(domain)")
            let bridge = try await run("ovs-vsctl port-to-br \(tap)", on: host, lab)
                .trimmingCharacters(in: .whitespacesAndNewlines)
            #expect(bridge.hasPrefix("msb"))
            let numbers = try await run(
                "ovs-vsctl get Interface \(tap) ofport ofport_request", on: host, lab
            ).split(separator: "\n")
            #expect(numbers.count == 2 && numbers.first == numbers.last, "\(numbers)")
            let flows = try await run(
                "ovs-ofctl -O OpenFlow15 dump-flows \(bridge)", on: host, lab)
            let number = try #require(numbers.first)
            #expect(flows.contains("in_port=\(number),"), "\(flows)")
            #expect(flows.contains("dl_src=\(nic.mac)"), "\(flows)")
            return bridge
        }

        private func expectNothingLeft(on host: HostID, _ lab: Lab) async throws {
            try await eventually("nothing is left of it on \(host)") {
                let bridges = try await run(
                    "ovs-vsctl list-br; ovs-vsctl list-ports br-ovs", on: host, lab)
                let links = try await run("ip -o link", on: host, lab)
                let tables = try await run("nft list tables", on: host, lab)
                return bridges == "br-ovs\n" && !links.contains(": mt")
                    && !links.contains(": ms") && tables.isEmpty
            }
        }

        @Test func aGuestHangsOnItsNetworksBridgeBehindItsFlowsAndNothingIsLeftOfIt() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let host: HostID = "host3"
                try await use(on: host, test)
                let network = test.name("tagged")
                try await create(network, "--uplink", "br-ovs", "--vlan", "5", test: test)
                let vm = try await create(
                    "switched", on: network, "--host", host.text, test: test)
                let claim = try await vm.counting().value
                let bridge = try await expectPort(of: vm, claim, lab)
                let inlet = bridge.replacing("msb", with: "msi")
                let tag = try await run("ovs-vsctl get Port \(inlet) tag", on: host, lab)
                #expect(tag == "5\n")

                try await lab.succeed("vm", "delete", vm.id.text, "--yes", "--wait")
                try await expectNothingLeft(on: host, lab)
            }
        }

        @Test func aGuestMovesToAnotherHostWithItWhileItRunsAndToNoneWithout() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let (one, other, plain): (HostID, HostID, HostID) = ("host2", "host3", "host1")
                for host in [one, other] { try await use(on: host, test) }
                let network = test.name("joined")
                try await create(network, "--bridge", "br-ovs", test: test)
                let vm = try await create("mover", on: network, test: test)
                let old = try await vm.counting(past: 2)
                let source = old.value.host
                let target = source == one ? other : one
                try await lab.succeed(
                    "vm", "move", vm.id.text, "--to", target.text, "--wait", "--timeout", "60")
                let last = try #require(vm.console(on: source).last)
                let new = try await vm.counting(past: last + 5)
                #expect(new.value.host == target && new.incarnation == old.incarnation)
                #expect(vm.console(on: target).boots.isEmpty, "it booted again")
                try await expectPort(of: vm, new.value, lab)
                try await expectNothingLeft(on: source, lab)

                // A bridge of that name is there, and not of that kind.
                test.later {
                    _ = try await lab.execute(plain, "ip", "link", "delete", "br-ovs")
                }
                _ = try await run("ip link add br-ovs type bridge", on: plain, lab)
                try await eventually("\(plain) has the bridge") {
                    try await lab.store.load().hosts[plain]?.value.networks.contains("br-ovs")
                        == true
                }
                try await lab.succeed("vm", "move", vm.id.text, "--to", plain.text)
                let reason = "makes networks with linux (network.driver)"
                try await eventually("explain says why it does not go there") {
                    try await lab.succeed("explain", vm.id.text).contains(reason)
                }
                let later = try await vm.counting(past: vm.console(on: target).last ?? 0)
                #expect(later.value.host == target && later.value.move == nil)
            }
        }
    }
}
