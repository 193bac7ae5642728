import Foundation
import MetaStackModel
import Testing

@testable import MetaStackAgent

struct HostLinksTests {
    @Test func tellsBridgesFromUplinksAndLeavesOutWhatIsItsOwn() throws {
        let json = """
            [{"ifname": "lo"}, {"ifname": "eth0"}, {"ifname": "mt"},
             {"ifname": "bond0", "linkinfo": {"info_kind": "bond"}},
             {"ifname": "br0", "linkinfo": {"info_kind": "bridge"}},
             {"ifname": "msb0123456789ab", "linkinfo": {"info_kind": "bridge"}},
             {"ifname": "mt0123456789n0", "linkinfo": {"info_kind": "tun"}},
             {"ifname": "vnet0", "linkinfo": {"info_kind": "tun"}}]
            """
        #expect(
            try HostLinks(json: Data(json.utf8))
                == HostLinks(bridges: ["br0"], uplinks: ["bond0", "eth0", "mt"]))
        #expect(throws: (any Error).self) { try HostLinks(json: Data("{}".utf8)) }
    }

    @Test func aHostWithOpenVSwitchSaysWhatItDoesNotMake() {
        let plane = HostPlane(openVSwitch: nil)
        #expect(plane.driver == "openvswitch")
        #expect(plane.noProtection == nil && plane.noVLANs == nil && plane.noLimits == nil)
        #expect(plane.noVXLANs?.contains("network.driver") == true)
        #expect(plane.noNAT64 != nil && plane.noShaping != nil)
        #expect(HostPlane(openVSwitch: "it does not answer").noProtection == "it does not answer")
    }

    @Test func readsThoseOfThisMachine() async throws {
        let links = try await HostLinks.read()
        #expect(!links.uplinks.contains("lo"))
    }
}
