import Logging
import MetaStackAgent
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

extension AgentTests {
    /// Addresses over a real etcd: each is one VM's, for as long as the VM is.
    struct AddressTests {
        private let blue = NetworkID(unchecked: "blue")

        private func addresses(_ cluster: Cluster, of vm: String) -> [AddressID] {
            cluster.addresses.held(by: VMID(unchecked: vm)).map(\.id)
        }

        @Test func anAddressIsKeptThroughATakeoverAndGoneAfterTheVM() async throws {
            try await TestFleet.run { fleet in
                let hosts = try await fleet.startHosts(2)
                try await fleet.addNetwork("blue", "10.7.0.0/28")
                try await fleet.want("web", nics: #"[{"network": "blue"}, {}]"#)
                let before = try await fleet.until("web runs") { $0.isRunning("web") }
                let claim = try #require(before.claim("web")?.value)
                let held = addresses(before, of: "web")
                #expect(held.map(\.network) == [blue])
                #expect(claim.nics.map(\.network) == [blue, nil])
                #expect(claim.nics[0].addresses == held.map(\.address))
                #expect(claim.nics.map(\.mac) == claim.macs)
                let record = try #require(before.addresses.held(by: web).first?.held.value)
                #expect(record.mac == claim.macs[0] && record.nic == 0)

                let (owner, others) = try hosts.split(by: claim.host)
                await owner.agent.kill()
                let after = try await fleet.until("the other host runs web") {
                    $0.isRunning("web", on: others[0].id)
                }
                #expect(after.claim("web")?.value.nics == claim.nics)
                #expect(after.addresses == before.addresses)

                try await fleet.delete("desired_vms/web")
                try await fleet.until("nothing is left of web") {
                    $0.knowsNothing(of: "web") && $0.addresses.isEmpty
                }
            }
        }

        @Test func anotherAddressIsGivenAtTheNextStartAndTheFormerOneGivenBack() async throws {
            try await TestFleet.run { fleet in
                _ = try await fleet.startHosts()
                try await fleet.addNetwork("blue", "10.7.0.0/28")
                try await fleet.want(
                    "web", nics: #"[{"network": "blue", "addresses": ["10.7.0.5"]}]"#)
                try await fleet.until("web has its address") {
                    $0.isRunning("web")
                        && addresses($0, of: "web").map(\.description) == ["blue/10.7.0.5"]
                }
                try await fleet.want("web", .stop)
                try await fleet.until("web is stopped") { $0.claim("web") == nil }
                try await fleet.want(
                    "web", nics: #"[{"network": "blue", "addresses": ["10.7.0.9"]}]"#)
                try await fleet.until("web has the other one alone") {
                    $0.isRunning("web")
                        && addresses($0, of: "web").map(\.description) == ["blue/10.7.0.9"]
                }
            }
        }

        @Test func whoFindsNoneLeftWaitsAndSaysSoUntilOneIsGivenBack() async throws {
            try await TestFleet.run { fleet in
                _ = try await fleet.startHosts(2)
                // Two addresses, one of which the gateway has.
                try await fleet.addNetwork("blue", "10.7.0.0/30", gateway: "10.7.0.1")
                try await fleet.want("one", nics: #"[{"network": "blue"}]"#)
                try await fleet.until("one runs") { $0.isRunning("one") }
                try await fleet.want("two", nics: #"[{"network": "blue"}]"#)
                let reason = "network blue has no free IPv4 address: all 1 of 10.7.0.0/30 are held"
                try await fleet.eventually("the nodes say why two waits") {
                    fleet.log.tail.contains(reason)
                }
                let full = try await fleet.store.load()
                #expect(full.claim("two") == nil)
                #expect(throws: VMPlan.Impossible.self) {
                    try VMPlan(
                        VMID(unchecked: "two"),
                        #require(full.desiredVMs[VMID(unchecked: "two")]).value,
                        in: full)
                }
                try await fleet.delete("desired_vms/one")
                try await fleet.until("two has got it") { $0.isRunning("two") }
            }
        }

        @Test func aNetworkThatComesLaterLetsItsVMsRun() async throws {
            try await TestFleet.run { fleet in
                _ = try await fleet.startHosts()
                try await fleet.want("web", nics: #"[{"network": "blue"}]"#)
                try await fleet.eventually("the node says why web waits") {
                    fleet.log.tail.contains("NIC 0: there is no network")
                }
                try await fleet.addNetwork("blue", "10.7.0.0/28")
                try await fleet.until("web runs") { $0.isRunning("web") }
            }
        }

        @Test func addressesOfAVMThatNobodyKnowsAreCleanedUp() async throws {
            try await TestFleet.run { fleet in
                _ = try await fleet.startHosts()
                try await fleet.put(
                    "addresses/blue/10.7.0.5",
                    """
                    {"vm": "ghost", "vm_create_revision": 3, "mac": "02:00:00:00:00:01"}
                    """)
                try await fleet.until("it is gone") { $0.addresses.isEmpty && $0.actualVMs.isEmpty }
            }
        }

        @Test func tenNodesAtOnceGiveFiveHundredAddressesAndNoneTwice() async throws {
            try await TestFleet.run(logLevel: .warning) { fleet in
                try await fleet.addTinyFlavourAndImage()
                // 510 for 500: the last ones are found by those who met each other.
                try await fleet.addNetwork("blue", "10.7.0.0/23")
                let vms = (0..<250).map { "vm-\($0)" }
                let nics = #"[{"network": "blue"}, {"network": "blue"}]"#
                for vm in vms { try await fleet.want(vm, nics: nics) }
                for number in 1...10 {
                    fleet.start(
                        try fleet.host("host-\(number)", number: number, ram: 16384, vcpus: 16))
                }
                let cluster = try await fleet.until("all run", within: .seconds(120)) { cluster in
                    cluster.actualVMs.values.count { $0.value.state == .running } == vms.count
                }
                // One record an address, so none is two VMs'; and each VM says what is on record.
                #expect(cluster.addresses.all.count == 500)
                for vm in vms {
                    let claim = try #require(cluster.claim(vm)?.value)
                    let said = claim.nics.flatMap(\.addresses).sorted()
                    #expect(said == addresses(cluster, of: vm).map(\.address))
                    #expect(said.count == 2)
                }
            }
        }
    }
}
