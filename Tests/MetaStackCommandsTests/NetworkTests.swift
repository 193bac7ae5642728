import Foundation
import MetaStackModel
import Testing

@testable import MetaStackCommands
@testable import MetaStackManagement

/// Networks, addresses, security groups and NICs on the command line.
@Suite struct NetworkTests {
    private static let create = ["vm", "create", "web", "--flavour", "tiny", "--image", "debian"]

    /// Networks `blue` (id `n1`, with an address that VM `web` holds) and `red`, a group `web`.
    private static func withNetworks() throws -> Cluster {
        var cluster = Cluster.ready
        cluster.put(
            "networks/n1",
            #"{"name":"blue","kind":"vxlan","vni":70,"subnets":[{"prefix":"10.7.0.0/24","#
                + #""gateway":"10.7.0.1"},{"prefix":"fd00:7::/64"}]}"#, at: 6)
        cluster.put("networks/n2", #"{"name":"red","kind":"bridge","bridge":"br1"}"#, at: 6)
        cluster.put(
            "security_groups/g1",
            #"{"name":"web","rules":[{"direction":"ingress","protocol":"tcp","ports":"80"},"#
                + #"{"direction":"egress","remote":"10.0.0.0/8"}]}"#, at: 6)
        try #require(cluster.malformed.isEmpty)
        return cluster
    }

    /// The same with a VM that has two NICs, both of whose addresses it holds.
    private static func withVM() throws -> Cluster {
        var cluster = try withNetworks()
        cluster.put(
            "desired_vms/v1",
            #"{"name":"web","flavour":"f1","image":"i1","nics":[{"network":"n1"},"#
                + #"{"network":"n1","security_groups":["g1"]}]}"#, at: 7)
        for (nic, address) in [(0, "10.7.0.5"), (1, "10.7.0.6"), (1, "fd00:7::6")] {
            let mac = MACAddress(vm: VMID(unchecked: "v1"), nic: nic)
            cluster.put(
                "addresses/n1/\(address)",
                #"{"vm":"v1","vm_create_revision":7,"nic":\#(nic),"mac":"\#(mac)"}"#, at: 8)
        }
        try #require(cluster.malformed.isEmpty)
        return cluster
    }

    private func nics(_ access: FakeAccess, of id: String) throws -> [DesiredNIC] {
        try #require(access.cluster.desiredVMs[VMID(unchecked: id)]).value.nics
    }

    @Test func aNetworkIsMadeFromItsOptions() async throws {
        let access = FakeAccess(.ready)
        let screen = try await run(
            "network", "create", "blue", "--vni", "70", "--mtu", "1400", "--domain", "example.org",
            "--search", "a.test", "--label", "team=a", "--subnet",
            "10.7.0.0/24,gateway=10.7.0.1,gateway-mode=node,nat=true,dns=9.9.9.9,"
                + "range=10.7.0.10-10.7.0.99,route=10.0.0.0/8@10.7.0.3",
            "--subnet", "fd00:7::/64", on: access)
        #expect(screen.output == "created network blue (new-id)\n")
        let made = try #require(access.cluster.networks[NetworkID(unchecked: "new-id")]).value
        let subnet = try Subnet(
            prefix: IPPrefix("10.7.0.0/24"), gateway: IPAddress("10.7.0.1"), gatewayMode: .node,
            nat: true, dns: [IPAddress("9.9.9.9")], ranges: [IPRange("10.7.0.10-10.7.0.99")],
            routes: [.init(to: IPPrefix("10.0.0.0/8"), via: IPAddress("10.7.0.3"))])
        let expected = try Network(
            name: ResourceName("blue"), kind: .vxlan(vni: 70, group: nil, port: 4789), mtu: 1400,
            subnets: [subnet, Subnet(prefix: IPPrefix("fd00:7::/64"))],
            domain: DomainName("example.org"), search: [DomainName("a.test")],
            labels: ["team": "a"])
        #expect(made == expected)
        #expect(SubnetText.text(subnet).hasPrefix("10.7.0.0/24,gateway=10.7.0.1,"))
        #expect(
            try JSONValue(subnet) == SubnetText(SubnetText.text(subnet)).json,
            "what is shown can be typed again")
    }

    @Test func aNetworkOfIPv6AloneHasIPv4AddressesForItsGuests() async throws {
        let access = FakeAccess(.ready)
        try await run(
            "network", "create", "six", "--vni", "6", "--subnet",
            "fd00:6::/64,gateway=fd00:6::1,gateway-mode=node", "--nat64",
            "10.64.0.0/24,prefix=fd00:64::/96", on: access)
        let made = try #require(access.cluster.networks[NetworkID(unchecked: "new-id")]).value
        let nat64 = try NAT64(ipv4: IPPrefix("10.64.0.0/24"), prefix: IPPrefix("fd00:64::/96"))
        #expect(made.nat64 == nat64)
        #expect(try JSONValue(nat64) == NAT64Text(NAT64Text.text(nat64)).json)
        let shown = try await run("network", "show", "six", on: access)
        #expect(shown.output.contains("10.64.0.0/24, 0 of 256 held; IPv4 is under fd00:64::/96"))
        try await run("network", "set", "six", "nat64.ipv4=10.65.0.0/24", on: access)
        let changed = access.cluster.networks[NetworkID(unchecked: "new-id")]?.value.nat64
        #expect(try changed?.ipv4 == IPPrefix("10.65.0.0/24") && changed?.prefix == nat64.prefix)
    }

    @Test(arguments: [
        (["--vlan", "7", "--uplink", "eth1"], Network.Kind.Word.vlan),
        (["--bridge", "br9"], .bridge), ([], .bridge), (["--vni", "9", "--port", "8472"], .vxlan),
    ])
    func theKindFollowsFromTheOptions(_ options: [String], _ kind: Network.Kind.Word) async throws {
        let access = FakeAccess(.ready)
        try await run(["network", "create", "x"] + options, on: access)
        #expect(access.cluster.networks.values.first?.value.kind.word == kind)
    }

    @Test(arguments: [
        (["--vni", "70"], "vni 70 is network blue's already"),
        (["--vni", "71", "--subnet", "10.7.0.1/24"], "did you mean 10.7.0.0/24?"),
        (["--vni", "71", "--subnet", "10.0.0.0/24,gateway=10.1.0.1"], "outside its prefix"),
        (["--vni", "71", "--subnet", "10.0.0.0/24,gatway=10.0.0.1"], "did you mean gateway=?"),
        (["--vni", "71", "--subnet", "10.0.0.0/24,nat=perhaps"], "nat"),
        (["--vni", "71", "--nat64", "9.0.0.0/24"], "nat64 needs an IPv6 subnet"),
        (["--vni", "71", "--nat64", "9.0.0.0/24,prefx=fd00::/96"], "did you mean prefix=?"),
        (["--vlan", "7"], "uplink is missing"), (["--vni", "71", "--uplink", "e"], "no uplink"),
    ])
    func saysWhatIsWrongWithANetwork(_ options: [String], _ reason: String) async throws {
        let access = FakeAccess(try Self.withNetworks())
        let report = await failure(["network", "create", "x"] + options, on: access)
        #expect(report?.errors.contains(reason) == true, "\(report?.errors ?? "")")
        #expect(access.writeCount == 0)
    }

    @Test func aNetworkIsListedShownChangedAndDeleted() async throws {
        let access = FakeAccess(try Self.withVM())
        let list = try await run("network", "list", on: access)
        #expect(list.output.contains("blue  vxlan 70    10.7.0.0/24 fd00:7::/64     3    1"))
        let shown = try await run("network", "show", "blue", on: access)
        #expect(shown.output.contains("2 of 253") && shown.output.contains("used by   web"))
        try await run("network", "set", "blue", "mtu=1400", on: access)
        #expect(access.cluster.networks[NetworkID(unchecked: "n1")]?.value.mtu == 1400)
        let inUse = await failure("network", "delete", "blue", "--yes", on: access)
        #expect(inUse?.status == .conflict && inUse?.errors.contains("by vm web") == true)
        try await run("network", "delete", "red", "--yes", on: access)
        #expect(access.cluster.networks.count == 1)
    }

    @Test func addressesAreListedByNetworkAndVM() async throws {
        let access = FakeAccess(try Self.withVM())
        let all = try await run("address", "list", "-o", "name", on: access)
        #expect(all.output.split(separator: "\n").count == 3)
        let blue = try await run("address", "list", "--network", "blue", on: access)
        #expect(blue.output.contains("10.7.0.5   blue     web"))
        let none = try await run("address", "list", "--network", "red", "-o", "json", on: access)
        #expect(none.output.filter { !$0.isWhitespace } == "[]")
        let own = try await run("address", "list", "--vm", "web", on: access)
        #expect(own.output.contains("fd00:7::6"))
        let shown = try await run("address", "show", "fd00:7:0::6", on: access)
        #expect(shown.output.contains("web") && shown.output.contains("nic"))
        let free = await failure("address", "show", "10.7.0.99", on: access)
        #expect(free?.status == .notFound)
    }

    @Test func aSecurityGroupAndItsRulesComeAndGo() async throws {
        let access = FakeAccess(try Self.withNetworks())
        try await run(
            "security-group", "create", "db", "--rule", "ingress,protocol=tcp,ports=5432,group=web",
            on: access)
        try await run(
            "security-group", "rule", "add", "db", "ingress,protocol=icmpv6",
            "egress,remote=10.0.0.0/8", on: access)
        let id = SecurityGroupID(unchecked: "new-id")
        func rules() -> [String] {
            (access.cluster.securityGroups[id]?.value.rules ?? []).map(RuleText.text)
        }
        #expect(
            rules() == [
                "ingress,protocol=tcp,ports=5432,group=web", "ingress,protocol=icmpv6",
                "egress,remote=10.0.0.0/8",
            ])
        let shown = try await run("security-group", "show", "db", on: access)
        #expect(shown.output.contains("1  ingress    tcp       5432   group web"))
        let inUse = await failure("security-group", "delete", "web", "--yes", on: access)
        #expect(inUse?.errors.contains("in use by security-group db") == true)
        try await run("security-group", "rule", "remove", "db", "1", "3", on: access)
        #expect(rules() == ["ingress,protocol=icmpv6"])
        let absent = await failure("security-group", "rule", "remove", "db", "2", on: access)
        #expect(absent?.status == .usage)
        try await run("security-group", "rule", "remove", "db", "1", on: access)
        #expect(rules().isEmpty)
        try await run("security-group", "delete", "web", "--yes", on: access)
        #expect(access.cluster.securityGroups.count == 1)
        for (rule, reason) in [
            ("inward", "ingress"), ("ingress,port=80", "did you mean ports=?"),
            ("ingress,ports=80", "only the protocols tcp and udp"),
        ] {
            let report = await failure("security-group", "rule", "add", "db", rule, on: access)
            #expect(report?.errors.contains(reason) == true, "\(report?.errors ?? "")")
        }
    }

    // MARK: NICs

    @Test func aVMIsCreatedWithNICs() async throws {
        let access = FakeAccess(try Self.withNetworks())
        try await run(
            Self.create + [
                "--nic",
                "network=blue,address=10.7.0.5,address=fd00:7::5,mac=02:00:5e:10:00:01,group=web,"
                    + "inbound-kbit=1000,outbound-kbit=2000", "--nic", "red",
            ], on: access)
        let nics = try nics(access, of: "new-id")
        #expect(
            nics == [
                DesiredNIC(
                    network: "n1", mac: try MACAddress("02:00:5e:10:00:01"),
                    addresses: [try IPAddress("10.7.0.5"), try IPAddress("fd00:7::5")],
                    securityGroups: ["g1"], limits: try NICLimits(inbound: 1000, outbound: 2000)),
                DesiredNIC(network: "n2"),
            ])
        #expect(
            NICText.text(nics[0], in: access.cluster)
                == "network=blue,mac=02:00:5e:10:00:01,address=10.7.0.5,address=fd00:7::5,group=web,"
                + "inbound-kbit=1000,outbound-kbit=2000")
    }

    @Test(arguments: [
        ("bleu", "did you mean blue?"), ("blue,group=wbe", "did you mean web?"),
        ("blue,address=10.8.0.1", "none of network blue's subnets"),
        ("blue,address=10.7.0.1", "is the gateway"), ("blue,addres=10.7.0.7", "did you mean"),
        ("blue,inbound-kbit=fast", "whole number"), ("blue,mac=01:00:5e:00:00:01", "unicast"),
        ("address=10.7.0.7", "say which in the field network"),
    ])
    func saysWhatIsWrongWithANIC(_ nic: String, _ reason: String) async throws {
        let access = FakeAccess(try Self.withNetworks())
        let report = await failure(Self.create + ["--nic", nic], on: access)
        #expect(report?.errors.contains(reason) == true, "\(report?.errors ?? "")")
        #expect(access.writeCount == 0)
    }

    @Test func aNICIsAttachedBehindTheOthers() async throws {
        let access = FakeAccess(try Self.withVM())
        try await run("vm", "nic", "attach", "web", "network=red", on: access)
        #expect(try nics(access, of: "v1").last == DesiredNIC(network: "n2"))
        let list = try await run("vm", "nic", "list", "web", on: access)
        #expect(list.output.contains("10.7.0.6 fd00:7::6  web"))
        #expect(list.output.contains("2    red"))
        let json = try await run("vm", "nic", "list", "web", "-o", "json", on: access)
        #expect(json.output.contains("\"security_groups\""))
    }

    @Test func whatIsDetachedLeavesTheOthersTheirMACAndAddresses() async throws {
        let access = FakeAccess(try Self.withVM())
        let vm = VMID(unchecked: "v1")
        try await run("vm", "nic", "detach", "web", "0", on: access)
        let left = try nics(access, of: "v1")
        #expect(
            left == [
                DesiredNIC(
                    network: "n1", mac: MACAddress(vm: vm, nic: 1),
                    addresses: [try IPAddress("10.7.0.6"), try IPAddress("fd00:7::6")],
                    securityGroups: ["g1"])
            ])
        // The next one would derive the MAC address that the first has now.
        try await run("vm", "nic", "attach", "web", "blue", on: access)
        let macs = try nics(access, of: "v1").enumerated().map {
            $1.mac ?? MACAddress(vm: vm, nic: $0)
        }
        #expect(macs == [MACAddress(vm: vm, nic: 1), MACAddress(vm: vm, nic: 0)])
    }

    @Test func theListKnowsNICsByTheirMACAndShowsThoseThatAreStillThere() async throws {
        var cluster = try Self.withVM()
        let macs = (0..<3).map { MACAddress(vm: VMID(unchecked: "v1"), nic: $0) }
        // NIC 0 of the record was NIC 1 of the guest, which has not let its first one go.
        cluster.put(
            "desired_vms/v1",
            #"{"name":"web","flavour":"f1","image":"i1","nics":[{"network":"n1","mac":"\#(macs[1])"}]}"#,
            at: 9)
        cluster.put(
            "actual_vms/v1",
            #"{"host":"a","state":"running","nics":[{"network":"n1","mac":"\#(macs[1])","#
                + #""addresses":["10.7.0.6"],"interface":"mt1"},{"network":"n1","mac":"\#(macs[0])","#
                + #""addresses":["10.7.0.5"],"interface":"mt0"}]}"#, at: 10)
        let access = FakeAccess(cluster)
        let list = try await run("vm", "nic", "list", "web", on: access)
        let lines = list.output.split(separator: "\n").dropFirst()
        #expect(lines.count == 2)
        #expect(lines.first?.contains("10.7.0.6") == true && lines.first?.contains("mt1") == true)
        #expect(lines.last?.contains("10.7.0.5") == true && lines.last?.contains("mt0") == true)
        // What the first one holds is not this one's, though it was at its place.
        let change = try NICChange(VMID(unchecked: "v1"), in: cluster)
        #expect(change.addresses(0).map(\.description) == ["10.7.0.6", "fd00:7::6"])
    }

    @Test func aNICIsDetachedByItsMACOrItsNetwork() async throws {
        let access = FakeAccess(try Self.withVM())
        let both = await failure("vm", "nic", "detach", "web", "blue", on: access)
        #expect(both?.errors.contains("say which by its number: 0, 1") == true)
        let none = await failure("vm", "nic", "detach", "web", "7", on: access)
        #expect(none?.status == .notFound)
        let mac = MACAddress(vm: VMID(unchecked: "v1"), nic: 1)
        try await run("vm", "nic", "detach", "web", "\(mac)", on: access)
        try await run("vm", "nic", "detach", "web", "blue", on: access)
        #expect(try nics(access, of: "v1").isEmpty)
    }

    @Test func aVMShowsTheAddressesThatItsOwnerGave() async throws {
        var cluster = try Self.withVM()
        cluster.put(
            "actual_vms/v1",
            #"{"host":"a","state":"running","nics":[{"network":"n1","mac":"02:00:5e:10:00:01","#
                + #""addresses":["10.7.0.5"],"interface":"msab12-0"}]}"#, at: 9)
        let access = FakeAccess(cluster)
        let wide = try await run("vm", "list", "-o", "wide", on: access)
        #expect(wide.output.contains("ADDRESSES") && wide.output.contains("10.7.0.5"))
        let shown = try await run("vm", "show", "web", on: access)
        #expect(shown.output.contains("msab12-0") && shown.output.contains("fd00:7::6"))
    }

    @Test func applyMakesNetworksAndGroupsBeforeTheVMsOnThem() async throws {
        let folder = try TemporaryFolder([
            "wish.yaml": """
            kind: vm
            name: web
            flavour: tiny
            image: debian
            nics: [{network: green, security_groups: [open]}]
            ---
            kind: network
            name: green
            vni: 9
            ---
            kind: security-group
            name: open
            rules: [{direction: ingress, protocol: tcp, ports: 22}]
            """
        ])
        defer { #expect(throws: Never.self) { try folder.remove() } }
        let access = FakeAccess(.ready)
        let screen = try await run("apply", "-f", folder.path + "/wish.yaml", on: access)
        #expect(
            screen.output
                == "security-group open created\nnetwork green created\nvm web created\n")
        let again = try await run("apply", "-f", folder.path + "/wish.yaml", on: access)
        #expect(again.output.contains("network green unchanged"))
    }
}
