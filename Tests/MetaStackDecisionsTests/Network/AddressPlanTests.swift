import MetaStackDecisions
import MetaStackModel
import Testing

/// A VM gets what it asks for, keeps what it has, and is told why there is nothing.
struct AddressPlanTests {
    private let web = VMID(unchecked: "web")

    private func cluster(_ subnets: [Subnet]) throws -> Cluster {
        var cluster = Cluster()
        try cluster.addNetwork("blue", subnets)
        return cluster
    }

    private func blue() throws -> Cluster {
        try cluster([.of("10.7.0.0/28", gateway: "10.7.0.1"), .of("2001:db8:7::/64")])
    }

    private func plan(
        _ nics: [DesiredNIC], in cluster: Cluster, vm: VMID? = nil, taken: Set<AddressID> = []
    ) throws(VMPlan.Impossible) -> AddressPlan {
        let vm = vm ?? web
        return try AddressPlan(
            WantedNIC.all(of: vm, nics, in: cluster), of: vm, created: Revision(0), in: cluster,
            taken: taken)
    }

    private func problem(_ nics: [DesiredNIC], in cluster: Cluster) -> String? {
        do throws(VMPlan.Impossible) {
            _ = try plan(nics, in: cluster)
            return nil
        } catch {
            return error.description
        }
    }

    private func id(_ address: String) throws -> AddressID {
        try AddressID(network: "n-blue", address: address)
    }

    @Test func aNICOnTheNodesBridgeGetsNoAddress() throws {
        let plan = try plan([DesiredNIC()], in: blue())
        #expect(
            plan.nics == [
                ActualNIC(mac: MACAddress(vm: web, nic: 0), interface: .tap(of: web, nic: 0))
            ])
        #expect(plan.changes.isEmpty && plan.isPlain(of: web))
    }

    @Test func aNICGetsOneAddressOfEachFamilyOfItsNetwork() throws {
        let cluster = try blue()
        let plan = try plan([DesiredNIC(network: "blue")], in: cluster)
        let nic = try #require(plan.nics.first)
        #expect(!plan.isPlain(of: web))
        #expect(nic.network == NetworkID(unchecked: "n-blue"))
        #expect(nic.addresses.map(\.family) == [.ipv4, .ipv6])
        let record = try #require(cluster.networks.values.first?.value)
        for address in nic.addresses {
            #expect(record.problem(withGuest: address) == nil)
            #expect(record.subnets.flatMap(\.dynamicRanges).contains { $0.contains(address) })
        }
        #expect(
            plan.changes.map(\.id)
                == nic.addresses.map {
                    AddressID(network: NetworkID(unchecked: "n-blue"), address: $0)
                })
        for change in plan.changes {
            #expect(change.known == nil)
            #expect(change.holder == AddressPlan.Holder(nic: 0, mac: nic.mac))
        }
    }

    @Test func whatAVMHoldsItKeepsAndPutsOnRecordNoMore() throws {
        var cluster = try blue()
        let first = try plan([DesiredNIC(network: "blue")], in: cluster)
        for address in first.nics[0].addresses {
            try cluster.hold("\(address)", of: "blue", by: "web")
        }
        // A range that has changed since changes nothing for whom has one.
        let again = try plan([DesiredNIC(network: "blue")], in: cluster)
        #expect(again.nics == first.nics)
        #expect(again.changes.isEmpty)
    }

    @Test func whatARecordAsksForByNameTheVMGetsAndGivesBackWhatItHad() throws {
        var cluster = try blue()
        try cluster.hold("10.7.0.9", of: "blue", by: "web")
        try cluster.hold("2001:db8:7::2:0", of: "blue", by: "web")
        let asked = try IPAddress("10.7.0.5")
        let plan = try plan([DesiredNIC(network: "n-blue", addresses: [asked])], in: cluster)
        #expect(plan.nics[0].addresses == [asked, try IPAddress("2001:db8:7::2:0")])
        #expect(plan.changes.map(\.id) == [try id("10.7.0.5"), try id("10.7.0.9")])
        #expect(plan.changes[0].known == nil && plan.changes[0].holder != nil)
        #expect(plan.changes[1].known == Revision(8) && plan.changes[1].holder == nil)
        #expect(plan.new == [try id("10.7.0.5")])
    }

    @Test func anAddressMovesFromOneNICOfAVMToAnother() throws {
        var cluster = try cluster([.of("10.7.0.0/28")])
        try cluster.hold("10.7.0.5", of: "blue", by: "web", nic: 1)
        let plan = try plan(
            [DesiredNIC(network: "blue", addresses: [try IPAddress("10.7.0.5")])], in: cluster)
        #expect(plan.changes.map(\.known) == [Revision(8)])
        #expect(plan.changes.first?.holder?.nic == 0)
        #expect(plan.new.isEmpty)
    }

    @Test func allOfAnIPv4NetworkAreGivenAndThenItSaysSo() throws {
        var cluster = try blue()
        var given: Set<IPAddress> = []
        for number in 0..<13 {
            let vm = VMID(unchecked: "vm-\(number)")
            let plan = try plan([DesiredNIC(network: "blue")], in: cluster, vm: vm)
            let address = try #require(plan.nics[0].addresses.first { $0.family == .ipv4 })
            #expect(given.insert(address).inserted)
            try cluster.hold("\(address)", of: "blue", by: vm.text)
        }
        #expect(
            problem([DesiredNIC(network: "blue")], in: cluster)
                == "network blue has no free IPv4 address: all 13 of 10.7.0.0/28 are held")
    }

    @Test func whereRangesAreGivenTheyAreNamedWhenTheyAreUsedUp() throws {
        var cluster = try cluster([.of("10.7.0.0/28", ranges: ["10.7.0.4-10.7.0.5", "10.7.0.9"])])
        for last in [4, 5, 9] { try cluster.hold("10.7.0.\(last)", of: "blue", by: "vm-\(last)") }
        #expect(
            problem([DesiredNIC(network: "blue")], in: cluster)
                == "network blue has no free IPv4 address: "
                + "all 3 of 10.7.0.4-10.7.0.5, 10.7.0.9 are held")
    }

    @Test func aNICOfANetworkWithNAT64GetsAnIPv4AddressBesideItsOwn() throws {
        var cluster = Cluster()
        let subnet = try Subnet(
            prefix: IPPrefix("fd00:6::/64"), gateway: IPAddress("fd00:6::1"), gatewayMode: .node)
        let nat64 = try NAT64(ipv4: IPPrefix("198.51.100.4/31"), prefix: IPPrefix("fd00:64::/96"))
        try cluster.addNetwork("six", [subnet], nat64: nat64)
        var given: Set<IPAddress> = []
        for number in 0..<2 {
            let vm = VMID(unchecked: "vm-\(number)")
            let plan = try plan([DesiredNIC(network: "six")], in: cluster, vm: vm)
            #expect(plan.nics[0].addresses.map(\.family) == [.ipv4, .ipv6])
            let address = plan.nics[0].addresses[0]
            #expect(nat64.ipv4.contains(address) && given.insert(address).inserted)
            #expect(plan.changes.map(\.id.address) == plan.nics[0].addresses)
            try cluster.hold("\(address)", of: "six", by: vm.text)
            let again = try self.plan([DesiredNIC(network: "six")], in: cluster, vm: vm)
            #expect(again.nics[0].addresses[0] == address)
        }
        #expect(
            problem([DesiredNIC(network: "six")], in: cluster)
                == "network six has no free IPv4 address: all 2 of 198.51.100.4/31 are held")
        let asked = DesiredNIC(network: "six", addresses: [try IPAddress("198.51.100.9")])
        #expect(
            problem([asked], in: cluster)
                == "NIC 0: 198.51.100.9 is in none of network six's subnets fd00:6::/64, "
                + "198.51.100.4/31")
    }

    @Test func whatOthersAreAboutToGetIsNotChosen() throws {
        let cluster = try cluster([.of("10.7.0.0/30")])
        let one = try plan([DesiredNIC(network: "blue")], in: cluster)
        let other = try plan([DesiredNIC(network: "blue")], in: cluster, taken: one.new)
        #expect(other.new.count == 1 && one.new.isDisjoint(with: other.new))
        #expect(throws: VMPlan.Impossible.self) {
            try plan(
                [DesiredNIC(network: "blue")], in: cluster, taken: one.new.union(other.new))
        }
    }

    @Test func twoNICsOfAVMNeverGetTheSame() throws {
        let cluster = try cluster([.of("10.7.0.0/30")])
        let asked = try IPAddress("10.7.0.1")
        let plan = try plan(
            [DesiredNIC(network: "blue"), DesiredNIC(network: "blue", addresses: [asked])],
            in: cluster)
        #expect(plan.nics.map(\.addresses) == [[try IPAddress("10.7.0.2")], [asked]])
        let twice = [DesiredNIC](
            repeating: DesiredNIC(network: "blue", addresses: [asked]), count: 2)
        #expect(
            problem(twice, in: cluster) == "its NICs 0 and 1 ask for the same address 10.7.0.1")
    }

    @Test func anAddressWhoseRecordCannotBeReadIsNobodyElses() throws {
        var cluster = try cluster([.of("10.7.0.0/30")])
        cluster.apply(
            RawRecord(
                path: "addresses/n-blue/10.7.0.1", json: .init("{}".utf8), revision: Revision(9),
                createRevision: Revision(9)))
        let plan = try plan([DesiredNIC(network: "blue")], in: cluster)
        #expect(plan.nics[0].addresses == [try IPAddress("10.7.0.2")])
        let asked = DesiredNIC(network: "blue", addresses: [try IPAddress("10.7.0.1")])
        #expect(problem([asked], in: cluster)?.contains("addresses/n-blue/10.7.0.1") == true)
    }

    @Test func anAddressThatCannotBeGivenIsRefusedWithTheReason() throws {
        var cluster = try blue()
        try cluster.hold("10.7.0.5", of: "blue", by: "db")
        func problem(_ address: String) throws -> String? {
            let asked = try IPAddress(address)
            return self.problem([DesiredNIC(network: "blue", addresses: [asked])], in: cluster)
        }
        #expect(try problem("10.7.0.5") == "NIC 0: 10.7.0.5 is held by VM db")
        #expect(try problem("10.7.0.1") == "NIC 0: 10.7.0.1 is the gateway of 10.7.0.0/28")
        #expect(
            try problem("10.8.0.1")
                == "NIC 0: 10.8.0.1 is in none of network blue's subnets 10.7.0.0/28, "
                + "2001:db8:7::/64")
    }

    @Test func whatLeadsNowhereIsNamed() throws {
        var cluster = try blue()
        #expect(
            problem([DesiredNIC(), DesiredNIC(network: "red")], in: cluster)
                == "NIC 1: there is no network \"red\"")
        #expect(
            problem([DesiredNIC(network: "blue", securityGroups: ["web"])], in: cluster)
                == "NIC 0: there is no security group \"web\"")
        cluster.apply(
            RawRecord(
                path: "networks/red", json: .init("{}".utf8), revision: Revision(9),
                createRevision: Revision(9)))
        #expect(
            problem([DesiredNIC(network: "red")], in: cluster)?.contains("networks/red") == true)
    }

    @Test func addressesOfAnEarlierVMUnderTheSameIDGoFirst() throws {
        var cluster = try blue()
        try cluster.hold("10.7.0.5", of: "blue", by: "web", created: 4)
        #expect(
            problem([DesiredNIC(network: "blue")], in: cluster)
                == "addresses of an earlier VM under this id are being given back")
    }

    @Test func moreAddressesThanATransactionTakesAreRefused() throws {
        let cluster = try cluster([.of("10.7.0.0/16")])
        let nics = try (0..<7).map { nic in
            DesiredNIC(
                network: "blue",
                addresses: try (1...16).map { try IPAddress("10.7.\(nic).\($0)") })
        }
        #expect(
            problem(nics, in: cluster)
                == "its NICs ask for 112 addresses, a VM gets at most 100 at once")
    }

    @Test func aNICInAnotherPlaceKeepsItsAddressAndAFullNetworkServesItsOwn() throws {
        var cluster = try cluster([.of("10.7.0.0/30")])
        try cluster.hold("10.7.0.1", of: "blue", by: "web", nic: 0)
        try cluster.hold("10.7.0.2", of: "blue", by: "web", nic: 1)
        let macs = (0..<2).map { MACAddress(vm: web, nic: $0) }
        let turned = try plan(
            [
                DesiredNIC(network: "blue", mac: macs[1]), DesiredNIC(),
                DesiredNIC(network: "blue", mac: macs[0]),
            ], in: cluster)
        #expect(turned.nics.flatMap(\.addresses).map(\.description) == ["10.7.0.2", "10.7.0.1"])
        #expect(turned.changes.map(\.holder?.nic) == [2, 0])
        // Nothing is free but what one of its NICs gives back that is wanted no more.
        let other = MACAddress(vm: web, nic: 9)
        let changed = try plan(
            [DesiredNIC(), DesiredNIC(), DesiredNIC(network: "blue", mac: other)], in: cluster)
        #expect(changed.nics[2].addresses.map(\.description) == ["10.7.0.1"])
        #expect(changed.changes.map(\.holder?.mac) == [other, nil])
    }

    @Test func aGuestThatRunsKeepsWhatItHoldsAndNothingElse() throws {
        var cluster = try cluster([.of("10.7.0.0/28")])
        try cluster.hold("10.7.0.5", of: "blue", by: "web")
        let mac = MACAddress(vm: web, nic: 0)
        let end = InterfaceName.tap(of: web, nic: 5)
        let wanted = try plan(
            [DesiredNIC(network: "blue"), DesiredNIC(network: "blue"), DesiredNIC()], in: cluster)
        let plan = try #require(
            wanted.following(domain([(end, mac)]), of: web, in: cluster))
        #expect(
            plan.nics == [
                ActualNIC(
                    network: NetworkID(unchecked: "n-blue"), mac: mac,
                    addresses: [try IPAddress("10.7.0.5")], interface: end)
            ])
        #expect(plan.changes.isEmpty)
    }

    private func domain(_ nics: [(InterfaceName, MACAddress)]) -> LocalDomain {
        LocalDomain(
            vm: web, incarnation: Incarnation(20), vmCreateRevision: Revision(10), state: .running,
            nics: nics.map { LocalDomain.NIC(interface: $0, mac: $1) })
    }

    @Test func whatIsOnAnUnknownNetworkCannotBeKept() throws {
        let cluster = try cluster([.of("10.7.0.0/28")])
        let (end, mac) = (InterfaceName.tap(of: web, nic: 0), MACAddress(vm: web, nic: 0))
        // It holds nothing of blue: it is on the network that the record named before.
        let blue = try plan([DesiredNIC(network: "blue")], in: cluster)
        #expect(blue.following(domain([(end, mac)]), of: web, in: cluster) == nil)
        // Nobody asks for a second one, and nothing is held for it.
        let plain = try plan([DesiredNIC()], in: cluster)
        let other = MACAddress(vm: web, nic: 1)
        #expect(plain.following(domain([(end, mac), (end, other)]), of: web, in: cluster) == nil)
        #expect(plain.following(domain([(end, mac)]), of: web, in: cluster)?.nics == plain.nics)
    }

    @Test func theHostsEndOfANICIsNamedAfterItsVM() {
        let first = MACAddress(vm: web, nic: 0).description.split(separator: ":").dropFirst()
        #expect(InterfaceName.tap(of: web, nic: 1).text == "mt" + first.joined() + "n1")
        #expect(InterfaceName.tap(of: web, nic: 15).text.count == 15)
    }
}
