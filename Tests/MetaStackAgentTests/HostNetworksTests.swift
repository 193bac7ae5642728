import LinuxNetwork
import MetaStackDecisions
import MetaStackModel
import Testing

@testable import MetaStackAgent

/// Which networks, ports, peers and members a host is to have, by the records.
struct HostNetworksTests {
    private let a = HostID(unchecked: "a")
    private let b = HostID(unchecked: "b")
    private let blue = NetworkID(unchecked: "blue")
    private let other = VMID(unchecked: "other")

    private func stored<Value: Record>(_ value: Value) -> Stored<Value> {
        Stored(value, revision: Revision(1), createRevision: Revision(1))
    }

    /// VM `web` on host a and `other` on host b, both on the network blue and in the group g.
    private func cluster() throws -> Cluster {
        var cluster = Cluster()
        for (host, underlay) in [(a, "2001:db8::a"), (b, "2001:db8::b")] {
            cluster.hosts[host] = stored(
                Host(
                    name: host, totalRAM: try Mebibytes(1), totalVCPU: 1, lease: "", version: "",
                    hypervisor: "", plane: HostPlane(underlay: try IPAddress(underlay)),
                    since: Timestamp(milliseconds: 0)))
        }
        for name in ["blue", "red"] {
            cluster.networks[NetworkID(unchecked: name)] = stored(
                try Network(
                    name: ResourceName(unchecked: name),
                    kind: .vxlan(vni: 7, group: nil, port: 4789)))
        }
        cluster.securityGroups[SecurityGroupID(unchecked: "g")] = stored(
            SecurityGroup(name: ResourceName(unchecked: "g")))
        for (vm, host, address) in [(web, a, "10.7.0.5"), (other, b, "10.7.0.6")] {
            cluster.desiredVMs[vm] = stored(
                DesiredVM(
                    name: ResourceName(unchecked: vm.text), flavour: "tiny", image: "tiny",
                    state: .start, nics: [DesiredNIC(network: "blue", securityGroups: ["g"])]))
            cluster.actualVMs[vm] = stored(
                ActualVM(
                    host: host, state: .running, since: Timestamp(milliseconds: 0),
                    macs: [MACAddress(vm: vm, nic: 0)],
                    nics: [
                        ActualNIC(
                            network: blue, mac: MACAddress(vm: vm, nic: 0),
                            addresses: [try IPAddress(address)],
                            interface: .tap(of: vm, nic: 0))
                    ]))
        }
        return cluster
    }

    private func wanted(
        _ cluster: Cluster, of host: HostID, ends: Set<InterfaceName> = [],
        former: [GuestPort] = []
    ) -> HostNetworks {
        HostNetworks(of: host, in: cluster, ends: ends, former: former, arrived: [])
    }

    @Test func aHostHasTheNetworksOfItsGuestsAndKnowsWhereTheOthersAre() throws {
        let wanted = try wanted(cluster(), of: a)
        #expect(Array(wanted.networks.keys) == [blue])
        #expect(wanted.ports.map(\.interface) == [.tap(of: web, nic: 0)])
        #expect(wanted.ports.first?.groups == [SecurityGroupID(unchecked: "g")])
        #expect(wanted.peers == [blue: [try IPAddress("2001:db8::b")]])
        #expect(
            wanted.members.values.first?.map(\.address.description).sorted() == [
                "10.7.0.5", "10.7.0.6",
            ])
        #expect(wanted.names[blue]?.keys.sorted() == ["other", "web"])
    }

    @Test func aGuestThatComesIsAPortAtBothEndsAndAPeerAtBoth() throws {
        var cluster = try cluster()
        cluster.actualVMs[web]?.value.move = GuestMove(
            id: "1", to: b, live: true, reason: "", order: nil, drains: false,
            since: Timestamp(milliseconds: 0))
        #expect(wanted(cluster, of: a).ports.map(\.interface) == [.tap(of: web, nic: 0)])
        #expect(
            Set(wanted(cluster, of: b).ports.map(\.interface)) == [
                .tap(of: web, nic: 0), .tap(of: other, nic: 0),
            ])
    }

    @Test func aGuestThatIsStillHereKeepsItsPortWhateverTheRecordsSay() throws {
        var cluster = try cluster()
        let before = wanted(cluster, of: a)
        cluster.actualVMs[web] = nil
        let ends: Set<InterfaceName> = [.tap(of: web, nic: 0)]
        #expect(wanted(cluster, of: a, ends: ends, former: before.ports).ports == before.ports)
        #expect(wanted(cluster, of: a, former: before.ports) == HostNetworks())
    }

    @Test func aNICThatNobodyWantsKeepsItsGroupsOrIsClosed() throws {
        var cluster = try cluster()
        let before = wanted(cluster, of: a)
        cluster.desiredVMs[web]?.value.nics = [DesiredNIC()]
        let known = try #require(wanted(cluster, of: a, former: before.ports).ports.first)
        #expect(known.groups == before.ports.first?.groups)
        // After a restart of the agent: a group without rules lets nothing in.
        let unknown = try #require(wanted(cluster, of: a).ports.first)
        #expect(unknown.groups == [SecurityGroupID(unchecked: "none")])
        #expect(wanted(cluster, of: a).groups.isEmpty)
    }

    @Test func aNICIsFoundByItsMACWhateverItsPlaceIs() throws {
        var cluster = try cluster()
        let mac = MACAddress(vm: web, nic: 0)
        let end = InterfaceName.tap(of: web, nic: 2)
        cluster.actualVMs[web]?.value.nics[0].interface = end
        cluster.desiredVMs[web]?.value.nics = [
            DesiredNIC(), DesiredNIC(network: "blue", mac: mac, securityGroups: ["g"]),
        ]
        let port = try #require(wanted(cluster, of: a).ports.first)
        #expect(port.interface == end)
        #expect(port.groups == [SecurityGroupID(unchecked: "g")])
    }
}
