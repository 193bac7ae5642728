import MetaStackModel
import Testing

@testable import LinuxNetwork

/// What Open vSwitch's database is to have: values only.
@Suite struct SwitchPlanTests {
    private let id: NetworkID
    private let names: NetworkNames

    init() throws {
        id = try NetworkID("blue")
        names = NetworkNames(id)
    }

    /// A host with a bridge `br0` that `eth0` is on.
    private var host: SwitchReading {
        var reading = SwitchReading()
        reading.bridges["br0"] = SwitchReading.Bridge(datapath: "netdev")
        reading.ports["br0"] = SwitchReading.Port(bridge: "br0", type: "internal")
        reading.ports["eth0"] = SwitchReading.Port(bridge: "br0", number: 1)
        return reading
    }

    /// What it has once a network of guests 10 and 11 is here.
    private var settled: SwitchReading {
        var reading = host
        reading.bridges[names.bridge] = SwitchReading.Bridge(
            datapath: "netdev", isSecure: true, network: "blue")
        reading.ports[names.bridge] = SwitchReading.Port(bridge: names.bridge, type: "internal")
        reading.ports[names.outlet] = SwitchReading.Port(
            bridge: names.bridge, network: "blue", type: "patch", peer: names.inlet, number: 2,
            request: 2)
        reading.ports[names.inlet] = SwitchReading.Port(
            bridge: "br0", tag: 5, network: "blue", type: "patch", peer: names.outlet, number: 2)
        reading.ports[names.servicePort] = SwitchReading.Port(
            bridge: names.bridge, network: "blue", number: 1, request: 1)
        for (name, number) in [("tap10", 16), ("tap11", 17)] {
            reading.ports[name] = SwitchReading.Port(
                bridge: names.bridge, network: "blue", number: number, request: number)
        }
        return reading
    }

    private func plan(
        _ reading: SwitchReading, guests: [Int] = [10, 11], links: Set<String>? = nil
    ) throws -> SwitchPlan {
        let ports = try guests.map { try Make.port("tap\($0)", "blue", number: $0) }
        let wanted = try Make.wanted(["blue": SwitchWorld.vlan("blue", 5)], ports)
        var kernel = LinkReading()
        kernel.links["eth0"] = LinkReading.Link(mtu: 1500, isUp: true)
        for link in links ?? ["tap10", "tap11", names.servicePort] {
            kernel.links[link] = LinkReading.Link()
        }
        let settings = PlaneSettings(
            directory: "/run/x", bridge: try InterfaceName("br0"), driver: .openVSwitch)
        let plan = LinkPlan(
            wanted, settings: settings, offer: KernelOffer(tracking: nil), reading: kernel,
            switches: reading, fresh: [])
        #expect(plan.problems.isEmpty)
        return plan.rows
    }

    @Test func aNetworkIsABridgeOfItsOwnWithATaggedWayOut() throws {
        let plan = try plan(host)
        let words = plan.changes.map { $0.joined(separator: " ") }
        #expect(words.first == "--may-exist add-br \(names.bridge)")
        #expect(words.contains { $0.contains("fail_mode=secure datapath_type=netdev") })
        #expect(words.contains("set Port \(names.inlet) tag=5"))
        #expect(words.contains("--may-exist add-port br0 \(names.inlet)"))
        #expect(words.contains("set Interface tap10 ofport_request=16"))
        #expect(words.contains("set Interface tap11 ofport_request=17"))
        #expect(plan.numbers.values.sorted() == [16, 17])
    }

    @Test func whereAllIsThereNothingIsChanged() throws {
        #expect(try plan(settled).isEmpty)
    }

    @Test func aGuestKeepsItsNumberAndAnotherGetsOneThatIsFree() throws {
        let plan = try plan(settled, guests: [9, 11, 12], links: ["tap11", names.servicePort])
        #expect(plan.numbers[try InterfaceName("tap11")] == 17)
        #expect(Set(plan.numbers.values) == [17, 18, 19])
        #expect(plan.removals.contains(["--if-exists", "del-port", "tap10"]))
    }

    @Test func aNICThatNobodyToldOfKeepsItsBridge() throws {
        let bare = try plan(settled, guests: [], links: [])
        #expect(bare.removals.contains(["--if-exists", "del-br", names.bridge]))
        #expect(bare.removals.contains(["--if-exists", "del-port", names.inlet]))
        let used = try plan(settled, guests: [], links: ["tap11"])
        #expect(used.isEmpty)
        #expect(used.occupied == [names.suffix])
        // Where others are wanted it stays on the bridge, with no flow.
        #expect(try plan(settled, guests: [10]).isEmpty)
    }

    @Test func whatIsOtherThanItShallBeIsSet() throws {
        var reading = settled
        reading.ports[names.inlet]?.tag = 6
        reading.ports[names.outlet]?.peer = "other"
        reading.bridges[names.bridge]?.isSecure = false
        reading.ports["tap10"]?.bridge = "br0"
        let plan = try plan(reading)
        let words = (plan.removals + plan.changes).map { $0.joined(separator: " ") }
        #expect(words.contains("set Port \(names.inlet) tag=5"))
        #expect(words.contains { $0.contains("options:peer=\(names.inlet)") })
        #expect(words.contains { $0.contains("fail_mode=secure") })
        #expect(words.contains("--if-exists del-port tap10"))
        #expect(words.contains("--may-exist add-port \(names.bridge) tap10"))
    }

    @Test func aPortWhoseLinkIsGoneIsPutThereAnewAndOneThatAwaitsItsLinkIsLeft() throws {
        let gone = try plan(settled, links: ["tap11", names.servicePort])
        #expect(gone.removals == [["--if-exists", "del-port", "tap10"]])
        #expect(gone.changes.first == ["--may-exist", "add-port", names.bridge, "tap10"])
        #expect(gone.numbers[try InterfaceName("tap10")] == 16)
        var reading = settled
        reading.ports["tap10"]?.number = -1
        #expect(try plan(reading, links: ["tap11", names.servicePort]).isEmpty)
    }

    @Test func aBridgeOfAnotherDatapathIsMadeAnew() throws {
        var reading = settled
        reading.bridges["br0"]?.datapath = "system"
        let anew = try plan(reading)
        let words = anew.changes.map { $0.joined(separator: " ") }
        #expect(anew.removals == [["--if-exists", "del-br", names.bridge]])
        #expect(words.contains("--may-exist add-port \(names.bridge) tap10"))
        // The kernel's has two names.
        reading.bridges[names.bridge]?.datapath = ""
        #expect(try plan(reading).isEmpty)
    }

    @Test func whatOvsVsctlSaysIsRead() throws {
        let answer = """
            {"data":[["br0","netdev",["set",[]],["map",[]],["set",[["uuid","a"],["uuid","b"]]]],\
            ["msb1","netdev","secure",["map",[["metastack","blue"]]],["uuid","c"]]],\
            "headings":["name","datapath_type","fail_mode","external_ids","ports"]}
            {"data":[[["uuid","a"],"br0",["set",[]],["uuid","x"],["map",[]]],\
            [["uuid","b"],"in",5,["uuid","y"],["map",[["metastack","blue"]]]],\
            [["uuid","c"],"bond",["set",[]],["set",[["uuid","z"],["uuid","x"]]],["map",[]]]],\
            "headings":["_uuid","name","tag","interfaces","external_ids"]}
            {"data":[[["uuid","x"],"internal",["map",[]],65534,["set",[]]],\
            [["uuid","y"],"patch",["map",[["peer","out"]]],2,["set",[]]],\
            [["uuid","z"],"",["map",[]],-1,16]],\
            "headings":["_uuid","type","options","ofport","ofport_request"]}
            """
        let reading = try SwitchReading(answer)
        #expect(reading.bridges["br0"] == SwitchReading.Bridge(datapath: "netdev"))
        #expect(
            reading.bridges["msb1"]
                == SwitchReading.Bridge(datapath: "netdev", isSecure: true, network: "blue"))
        #expect(
            reading.ports["in"]
                == SwitchReading.Port(
                    bridge: "br0", tag: 5, network: "blue", type: "patch", peer: "out", number: 2))
        #expect(
            reading.ports["bond"]
                == SwitchReading.Port(bridge: "msb1", number: -1, request: 16))
        #expect(SwitchLinks(reading).bridges == ["br0"])
        #expect(throws: NetworkPlaneError.self) { try SwitchReading("") }
        #expect(throws: NetworkPlaneError.self) { try SwitchReading("{}\n{}\n{}") }
    }
}
