import MetaStackDecisions
import MetaStackModel
import Testing

struct AdmissionTests {
    private func offer(
        ram: Int = 1024, reserved: Int = 0, used: Int = 0, vcpus: Int = 4, usedVCPU: Int = 0,
        refusal: String? = nil
    ) throws -> HostOffer {
        var cluster = Cluster()
        try cluster.addHost("a", ram: ram, reserved: reserved, vcpus: vcpus, message: refusal)
        if used > 0 || usedVCPU > 0 {
            try cluster.addClaim("x", on: "a", ram: used, vcpus: usedVCPU)
        }
        return try #require(Placement(cluster)[HostID(unchecked: "a")])
    }

    private func request(_ ram: Int = 256, vcpus: Int = 1, pin: String? = nil) throws
        -> PlacementRequest
    {
        PlacementRequest(
            vm: VMID(unchecked: "web"), ram: try Mebibytes(ram), vcpus: vcpus,
            pin: pin.map { HostID(unchecked: $0) })
    }

    private func words(_ refusals: [Refusal]) -> [String] { refusals.map(\.description) }

    @Test func takesWhatFitsToTheLastMebibyte() throws {
        let offer = try offer(ram: 1024, reserved: 256, used: 512)
        #expect(Admission.refusals(of: try request(256), by: offer) == [])
        #expect(
            words(Admission.refusals(of: try request(257), by: offer))
                == ["needs 257 MiB, 256 free of 1024, 256 reserved"])
    }

    @Test func countsProcessorsWithOvercommit() throws {
        let offer = try offer(vcpus: 4, usedVCPU: 30)
        #expect(Admission.refusals(of: try request(vcpus: 2), by: offer) == [])
        #expect(
            words(Admission.refusals(of: try request(vcpus: 3), by: offer))
                == ["needs 3 vCPUs, 2 free of 32"])
    }

    @Test func givesNoGuestMoreProcessorsThanThereAreCores() throws {
        #expect(
            words(Admission.refusals(of: try request(vcpus: 5), by: try offer(vcpus: 4)))
                == ["needs 5 vCPUs, the host has 4 cores"])
    }

    @Test func namesWhatItsNetworksNeedAndTheHostHasNot() throws {
        var cluster = Cluster()
        try cluster.addHost("a")
        let host = HostID(unchecked: "a")
        cluster.hosts[host]?.value.plane = nil
        var request = try request()
        request.needs = [
            .bridge(try InterfaceName("br1")), .uplink(try InterfaceName("eth1")), .vxlans, .nat64,
        ]
        func refusals() throws -> [String] {
            let placement = Placement(cluster)
            let found = words(try #require(placement.refusals(of: request, by: host)))
            #expect(placement.candidates(for: request).isEmpty == !found.isEmpty)
            return found
        }
        #expect(
            try refusals() == [
                "it gives guests of IPv6 alone no IPv4: its metastack-node has no networks",
                "it has no bridge br1", "it has no uplink eth1",
                "it makes no VXLANs: its metastack-node has no networks",
            ])
        cluster.hosts[host]?.value.networks = ["br1"]
        cluster.hosts[host]?.value.interfaces = ["eth1"]
        cluster.hosts[host]?.value.plane = HostPlane(noVXLANs: "there is no network.underlay")
        #expect(try refusals() == ["it makes no VXLANs: there is no network.underlay"])
        cluster.hosts[host]?.value.plane = HostPlane(noNAT64: "tayga is not installed")
        #expect(
            try refusals() == ["it gives guests of IPv6 alone no IPv4: tayga is not installed"])
        cluster.hosts[host]?.value.plane = HostPlane()
        #expect(try refusals() == [])
        request.needs = [.limits, .shaping]
        #expect(try refusals() == [])
        cluster.hosts[host]?.value.plane = HostPlane(noLimits: "no nft_limit", noShaping: "no HTB")
        #expect(
            try refusals() == [
                "it cannot limit NICs on its bridge: no HTB",
                "it cannot limit NICs on networks: no nft_limit",
            ])
    }

    @Test func whatALimitedNICNeedsDependsOnWhatItHangsOn() throws {
        var cluster = Cluster()
        try cluster.addNetwork("blue", [])
        let limits = try NICLimits(inbound: 1000)
        let nics = try WantedNIC.all(
            of: VMID(unchecked: "web"),
            [
                DesiredNIC(network: "blue"), DesiredNIC(), DesiredNIC(limits: NICLimits()),
                DesiredNIC(network: "blue", limits: limits), DesiredNIC(limits: limits),
            ], in: cluster)
        #expect(
            nics.map(\.needs) == [
                [.vxlans, .protection], [], [], [.vxlans, .protection, .limits], [.shaping],
            ])
    }

    @Test func neverSpeaksOfLessThanNothing() throws {
        let overfull = try offer(ram: 100, reserved: 60, used: 60, vcpus: 1, usedVCPU: 9)
        #expect(
            words(Admission.refusals(of: try request(1, vcpus: 1), by: overfull))
                == ["needs 1 MiB, 0 free of 100, 60 reserved", "needs 1 vCPUs, 0 free of 8"])
    }

    @Test func namesEveryReasonAtOnce() throws {
        let offer = try offer(ram: 64, refusal: "the storage is away")
        let refusals = Admission.refusals(
            of: try request(pin: "b"), by: offer, declined: "no such image")
        #expect(
            words(refusals) == [
                "the storage is away", "the VM is pinned to host b",
                "it tried and could not: no such image", "needs 256 MiB, 64 free of 64, 0 reserved",
            ])
    }

    @Test func aPinToThisHostIsNoReason() throws {
        #expect(Admission.refusals(of: try request(pin: "a"), by: try offer()) == [])
    }

    @Test func anOfferShrinksByWhatItTakes() throws {
        let left = try offer(ram: 512).after(try request(256, vcpus: 3))
        #expect(left.freeRAM == 256)
        #expect(left.freeVCPU == 29)
    }
}
