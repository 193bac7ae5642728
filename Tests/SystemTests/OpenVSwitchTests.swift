import Foundation
import MetaStackModel
import MetaStackStore
import Testing

extension SystemTests {
    /// A host whose bridges are Open vSwitch's.
    @Suite struct OpenVSwitch {
        private static let host: HostID = "host3"
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

        private func run(_ script: String, _ lab: Lab) async throws -> String {
            try await lab.execute(Self.host, "sh", "-ec", script).checked(script)
        }

        @Test func aGuestHangsOnItsNetworksBridgeBehindItsFlowsAndNothingIsLeftOfIt() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                test.later {
                    _ = try await self.run(Self.end, lab)
                    try await lab.tool("agent", Self.host.text, "restart")
                }
                _ = try await run(Self.choose, lab)
                try await lab.tool("agent", Self.host.text, "restart")
                try await eventually("the host says that there is none") {
                    let plane = try await lab.store.load().hosts[Self.host]?.value.plane
                    return plane?.noProtection?.contains("Open vSwitch does not answer") == true
                }
                _ = try await run(Self.start, lab)
                try await eventually("the host says what it has") {
                    guard let record = try await lab.store.load().hosts[Self.host]?.value else {
                        return false
                    }
                    return record.networks == ["br-ovs"] && record.plane?.noVXLANs != nil
                        && record.plane?.noProtection == nil
                }
                let network = test.name("tagged")
                test.later { try await lab.succeed("network", "delete", network, "--yes") }
                try await lab.succeed(
                    "network", "create", network, "--uplink", "br-ovs", "--vlan", "5", "--subnet",
                    "10.77.0.0/28")
                let created = try await lab.json(
                    "vm", "create", test.name("switched"), "--flavour", "tiny", "--image", "tiny",
                    "--host", Self.host.text, "--nic", "network=\(network)", "--wait")
                let vm = test.guest(id: VMID(unchecked: try #require(created["id"]?.text)))
                let claim = try await vm.counting().value
                let nic = try #require(claim.nics.first)
                let tap = try #require(nic.interface)

                let domain = try await run("virsh -q dumpxml \(vm.domain)", lab)
                #expect(domain.contains("<virtualport type='openvswitch'>"), "\(domain)")
                let bridge = try await run("ovs-vsctl port-to-br \(tap)", lab)
                    .trimmingCharacters(in: .whitespacesAndNewlines)
                #expect(bridge.hasPrefix("msb"))
                let numbers = try await run(
                    "ovs-vsctl get Interface \(tap) ofport ofport_request", lab
                ).split(separator: "\n")
                #expect(numbers.count == 2 && numbers.first == numbers.last, "\(numbers)")
                let flows = try await run("ovs-ofctl -O OpenFlow15 dump-flows \(bridge)", lab)
                let number = try #require(numbers.first)
                #expect(flows.contains("in_port=\(number),"))
                #expect(flows.contains("dl_src=\(nic.mac)"), "\(flows)")
                let inlet = bridge.replacing("msb", with: "msi")
                let tag = try await run("ovs-vsctl get Port \(inlet) tag", lab)
                #expect(tag == "5\n")

                try await lab.succeed("vm", "delete", vm.id.text, "--yes", "--wait")
                try await eventually("nothing is left of it") {
                    let bridges = try await run(
                        "ovs-vsctl list-br; ovs-vsctl list-ports br-ovs", lab)
                    let links = try await run("ip -o link", lab)
                    let tables = try await run("nft list tables", lab)
                    return bridges == "br-ovs\n" && !links.contains(": \(tap)")
                        && !links.contains(": ms") && tables.isEmpty
                }
            }
        }
    }
}
