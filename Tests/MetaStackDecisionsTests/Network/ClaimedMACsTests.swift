import MetaStackDecisions
import MetaStackModel
import Testing

struct ClaimedMACsTests {
    private static let web = VMID(unchecked: "web")
    private static let mac = MACAddress(vm: web, nic: 0)

    private func cluster() throws -> Cluster {
        var cluster = Cluster()
        try cluster.addFlavour("f-1", name: "tiny")
        try cluster.addImage("i-1", name: "debian")
        try cluster.addActualImage("i-1", .ready)
        try cluster.addNetwork("blue", [])
        try cluster.addNetwork("red", [])
        return cluster
    }

    /// Why a VM whose only NIC has the address cannot run; the same whether all claims' addresses are known
    /// already or are looked for.
    private func refusal(
        of vm: VMID = web, on network: String? = nil, in cluster: Cluster
    ) -> String? {
        let wanted = DesiredVM(
            name: ResourceName(unchecked: "web"), flavour: "tiny", image: "debian", state: .start,
            nics: [DesiredNIC(network: network, mac: Self.mac)])
        func refusal(_ macs: ClaimedMACs?) -> String? {
            do throws(VMPlan.Impossible) {
                _ = try VMPlan(vm, wanted, in: cluster, macs: macs)
                return nil
            } catch {
                return error.description
            }
        }
        let known = refusal(ClaimedMACs(cluster))
        #expect(known == refusal(nil))
        return known
    }

    private func claim(
        _ vm: String, on network: String? = nil, in cluster: inout Cluster, isPlain: Bool = false
    ) throws {
        try cluster.addClaim(vm, on: "a", ram: 256, vcpus: 1)
        let id = VMID(unchecked: vm)
        cluster.actualVMs[id]?.value.macs = [MACAddress(vm: id, nic: 0), Self.mac]
        guard !isPlain else { return }
        cluster.actualVMs[id]?.value.nics = [
            ActualNIC(network: nil, mac: MACAddress(vm: id, nic: 0)),
            ActualNIC(network: network.map { NetworkID(unchecked: $0) }, mac: Self.mac),
        ]
    }

    @Test func namesTheOtherVMThatHasTheAddressOnTheSameNetwork() throws {
        var cluster = try cluster()
        #expect(refusal(on: "blue", in: cluster) == nil)
        try claim("other", on: "n-red", in: &cluster)
        #expect(refusal(on: "blue", in: cluster) == nil)
        #expect(refusal(in: cluster) == nil)
        #expect(
            refusal(on: "red", in: cluster)
                == "VM other has the same MAC address \(Self.mac): give NIC 0 another one")
    }

    @Test func aClaimWithoutNetworksIsOnTheNodesBridge() throws {
        var cluster = try cluster()
        try claim("other", in: &cluster, isPlain: true)
        #expect(refusal(in: cluster)?.hasPrefix("VM other has the same MAC address") == true)
        #expect(refusal(on: "blue", in: cluster) == nil)
    }

    @Test func aVMsOwnClaimIsNobodyElses() throws {
        var cluster = try cluster()
        try claim("web", in: &cluster)
        #expect(refusal(in: cluster) == nil)
    }

    /// Whoever asks may be among them, so that one on record for each address would not do.
    @Test func ofManyTheFirstOtherOneIsNamed() throws {
        var cluster = try cluster()
        for vm in ["d", "b", "e", "a", "c"] { try claim(vm, in: &cluster) }
        #expect(
            refusal(of: VMID(unchecked: "a"), in: cluster)?.hasPrefix("VM b has the same") == true)
        for vm in ["b", "c", "d", "e", "web"] {
            #expect(
                refusal(of: VMID(unchecked: vm), in: cluster)?.hasPrefix("VM a has the same")
                    == true)
        }
    }
}
