import MetaStackDecisions
import MetaStackModel
import Testing

/// Which NICs of a guest that runs come, go, and wait.
struct LiveNICsTests {
    private let here = HostID(unchecked: "a")
    private let blue = NetworkID(unchecked: "n-blue")

    /// Host a, and the networks blue and red.
    private func cluster() throws -> Cluster {
        var cluster = Cluster()
        try cluster.addNetwork("blue", [.of("10.7.0.0/28")])
        try cluster.addNetwork("red", [.of("10.8.0.0/30")])
        cluster.hosts[here] = Stored(
            Host(
                name: here, totalRAM: try Mebibytes(1024), totalVCPU: 4, lease: "", version: "",
                hypervisor: "", plane: HostPlane(), since: Timestamp(milliseconds: 0)),
            revision: Revision(1), createRevision: Revision(1))
        return cluster
    }

    private func nic(
        _ place: Int, _ network: String?, _ addresses: [String] = [], end: Int? = nil
    ) throws -> ActualNIC {
        ActualNIC(
            network: network.map { NetworkID(unchecked: "n-" + $0) },
            mac: MACAddress(vm: web, nic: place),
            addresses: try addresses.map { try IPAddress($0) },
            interface: .tap(of: web, nic: end ?? place))
    }

    /// The record wants `wanted`, the claim says `claimed`, the guest has `present`.
    private func look(
        _ wanted: [DesiredNIC], _ claimed: [ActualNIC], _ present: [ActualNIC],
        in cluster: Cluster, tries: [InterfaceName: LiveNICs.Try] = [:]
    ) -> LiveNICs {
        let desired = Stored(
            DesiredVM(
                name: ResourceName(unchecked: "web"), flavour: "tiny", image: "tiny", state: .start,
                nics: wanted),
            revision: Revision(10), createRevision: Revision(0))
        let claim = ActualVM(
            host: here, state: .running, since: Timestamp(milliseconds: 0),
            macs: claimed.map(\.mac), nics: claimed)
        let domain = LocalDomain(
            vm: web, incarnation: Incarnation(20), vmCreateRevision: Revision(0), state: .running,
            nics: present.compactMap { nic in
                nic.interface.map { LocalDomain.NIC(interface: $0, mac: nic.mac) }
            })
        return LiveNICs(
            of: web, desired, claim, domain, in: cluster, tries: tries)
    }

    @Test func nothingIsDoneWhereAllIsAsWanted() throws {
        var cluster = try cluster()
        try cluster.hold("10.7.0.5", of: "blue", by: "web")
        let has = [try nic(0, "blue", ["10.7.0.5"]), try nic(1, nil)]
        let look = look([DesiredNIC(network: "blue"), DesiredNIC()], has, has, in: cluster)
        #expect(look == LiveNICs())
    }

    @Test func aClaimThatTellsOfMACsAloneIsAsGood() throws {
        let domain = LocalDomain(
            vm: web, incarnation: Incarnation(20), vmCreateRevision: Revision(0), state: .running,
            nics: [.init(interface: .tap(of: web, nic: 0), mac: MACAddress(vm: web, nic: 0))])
        let claim = ActualVM(
            host: here, state: .running, since: Timestamp(milliseconds: 0),
            macs: [MACAddress(vm: web, nic: 0)])
        let desired = Stored(
            DesiredVM(
                name: ResourceName(unchecked: "web"), flavour: "tiny", image: "tiny", state: .start),
            revision: Revision(10), createRevision: Revision(0))
        #expect(LiveNICs(of: web, desired, claim, domain, in: try cluster()) == LiveNICs())
    }

    @Test func aNewNICComesOnRecordWithItsAddressAndThenIntoTheGuest() throws {
        var cluster = try cluster()
        let has = [try nic(0, nil)]
        let wanted = [
            DesiredNIC(), DesiredNIC(network: "blue", addresses: [try IPAddress("10.7.0.5")]),
        ]
        guard case .record(let plan) = look(wanted, has, has, in: cluster).step else {
            Issue.record("it is not put on record")
            return
        }
        let new = try nic(1, "blue", ["10.7.0.5"])
        #expect(plan.nics == has + [new])
        #expect(plan.changes.map(\.id.description) == ["n-blue/10.7.0.5"])
        try cluster.hold("10.7.0.5", of: "blue", by: "web", nic: 1)
        #expect(look(wanted, has + [new], has, in: cluster).step == .attach(new))
        #expect(look(wanted, has + [new], has + [new], in: cluster) == LiveNICs())
    }

    @Test func oneThatNobodyWantsLeavesTheGuestBeforeTheRecord() throws {
        var cluster = try cluster()
        try cluster.hold("10.7.0.5", of: "blue", by: "web")
        let has = [try nic(0, "blue", ["10.7.0.5"])]
        #expect(look([], has, has, in: cluster).step == .detach(has[0]))
        guard case .record(let plan) = look([], has, [], in: cluster).step else {
            Issue.record("it stays on record")
            return
        }
        #expect(plan.nics.isEmpty)
        #expect(plan.changes.map(\.holder) == [nil])
        #expect(look([], [], [], in: cluster).step != nil, "its address is not given back")
    }

    @Test func whatMovesToAnotherPlaceKeepsItsAddressAndItsEnd() throws {
        var cluster = try cluster()
        try cluster.hold("10.7.0.5", of: "blue", by: "web", nic: 0)
        try cluster.hold("10.7.0.6", of: "blue", by: "web", nic: 1)
        let has = [try nic(0, "blue", ["10.7.0.5"]), try nic(1, "blue", ["10.7.0.6"])]
        // The first one goes, the second one is the first now.
        let wanted = [DesiredNIC(network: "blue", mac: has[1].mac)]
        guard case .record(let plan) = look(wanted, has, has, in: cluster).step else {
            Issue.record("its place is not put on record")
            return
        }
        #expect(plan.nics == [has[1], has[0]])
        #expect(plan.changes.map(\.holder) == [AddressPlan.Holder(nic: 0, mac: has[1].mac)])
        #expect(plan.changes.map(\.id.address.description) == ["10.7.0.6"])
        // What comes next gets no end that is still somebody's.
        try cluster.hold("10.7.0.6", of: "blue", by: "web", nic: 0)
        let more = wanted + [DesiredNIC(mac: MACAddress(vm: web, nic: 7))]
        guard case .record(let plan) = look(more, [has[1], has[0]], has, in: cluster).step else {
            Issue.record("the new one is not put on record")
            return
        }
        #expect(plan.nics.map(\.interface) == [1, 2, 0].map { .tap(of: web, nic: $0) })
    }

    @Test func anAddressIsNotGivenAwayWhileItsNICIsThere() throws {
        var cluster = try cluster()
        try cluster.hold("10.7.0.5", of: "blue", by: "web", nic: 0)
        let has = [try nic(0, "blue", ["10.7.0.5"])]
        // In its place another one, which asks for nothing, or for the same address.
        let other = MACAddress(vm: web, nic: 9)
        guard
            case .record(let plan) = look(
                [DesiredNIC(network: "blue", mac: other)], has, has, in: cluster
            ).step
        else {
            Issue.record("the new one is not put on record")
            return
        }
        #expect(plan.nics.count == 2 && plan.nics[1] == has[0])
        #expect(plan.nics[0].addresses.count == 1)
        #expect(plan.nics[0].addresses != has[0].addresses)
        let greedy = DesiredNIC(network: "blue", mac: other, addresses: has[0].addresses)
        let waiting = look([greedy], has, has, in: cluster)
        #expect(waiting.step == .detach(has[0]))
        #expect(waiting.note?.contains("10.7.0.5 is still that of a NIC") == true)
    }

    @Test func whatTheHostHasNotIsSaidAndGetsNoAddress() throws {
        var cluster = try cluster()
        try cluster.addNetwork("green", [], kind: .bridge(InterfaceName("br9")))
        let has = [try nic(0, nil)]
        let look = look([DesiredNIC(), DesiredNIC(network: "green")], has, has, in: cluster)
        #expect(look.step == nil)
        #expect(
            look.note
                == "NIC \(MACAddress(vm: web, nic: 1)) (network green) waits: host a: it has no bridge br9"
        )
    }

    @Test func aFullNetworkCostsItsOwnNICAlone() throws {
        var cluster = try cluster()
        try cluster.hold("10.8.0.1", of: "red", by: "one")
        try cluster.hold("10.8.0.2", of: "red", by: "two")
        let has = [try nic(0, nil)]
        let wanted = [DesiredNIC(), DesiredNIC(network: "red"), DesiredNIC(network: "blue")]
        let look = look(wanted, has, has, in: cluster)
        guard case .record(let plan) = look.step else {
            Issue.record("the other one is not put on record")
            return
        }
        #expect(plan.nics.map(\.network) == [nil, blue])
        #expect(look.note?.contains("network red has no free IPv4 address") == true)
    }

    @Test func aNetworkThatIsNoMoreTakesNoNICAway() throws {
        var cluster = try cluster()
        let has = [try nic(0, "blue", ["10.7.0.5"])]
        try cluster.hold("10.7.0.5", of: "blue", by: "web")
        cluster.networks = [:]
        let look = look([DesiredNIC(network: "blue")], has, has, in: cluster)
        #expect(look.step == nil)
        #expect(look.note?.contains("there is no network") == true)
        #expect(cluster.wish(behind: has[0], of: web) == nil)
    }

    @Test func whatDidNotComeAboutWaitsAndSaysWhy() throws {
        let cluster = try cluster()
        let (old, new) = (try nic(0, nil), try nic(1, nil))
        let wanted = [DesiredNIC(mac: new.mac)]
        let tries = [
            InterfaceName.tap(of: web, nic: 0): LiveNICs.Try(
                reason: "the guest has not let it go", isDue: false),
            InterfaceName.tap(of: web, nic: 1): LiveNICs.Try(
                reason: "no slot is free", isDue: false),
        ]
        let waiting = look(wanted, [new, old], [old], in: cluster, tries: tries)
        #expect(waiting.step == nil)
        #expect(
            waiting.note
                == "NIC \(old.mac) goes at the next start at the latest: the guest has not let it go; "
                + "NIC \(new.mac) comes at the next start at the latest: no slot is free")
        // What leaves first may make room.
        let due = tries.mapValues { LiveNICs.Try(reason: $0.reason, isDue: true) }
        #expect(look(wanted, [new, old], [old], in: cluster, tries: due).step == .detach(old))
    }

    @Test func theOwnerOfARunningGuestDoesItBeforeItSaysThatAllIsDone() {
        var situation = GuestSituation.running.wanted(written: 40)
        let nic = ActualNIC(mac: MACAddress(vm: web, nic: 1))
        situation.nics.step = .attach(nic)
        #expect(situation.next == .changeNICs(.attach(nic)))
        #expect(situation.here(.paused).next == .resume)
        situation.nics.step = nil
        situation.nics.note = "it waits"
        situation.moveNote = "cannot move"
        #expect(situation.next == .report(.running, message: "cannot move; it waits"))
    }
}
