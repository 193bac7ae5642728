import Foundation
import LinuxNetwork
import MetaStackAgent
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Synchronization
import Testing

extension AgentTests {
    /// NICs that come and go while their guest runs.
    struct LiveNICTests {
        private let red = NetworkID(unchecked: "red")

        private func addNetworks(_ fleet: TestFleet) async throws {
            try await fleet.addNetwork("blue", "10.7.0.0/28")
            try await fleet.addNetwork("red", "10.8.0.0/28")
        }

        @Test func aNICIsPluggedInWithItsAddressBehindItsRules() async throws {
            try await TestFleet.run { fleet in
                let host = try await fleet.startHosts()[0]
                try await addNetworks(fleet)
                try await fleet.want("web", nics: #"[{"network": "blue"}]"#)
                let before = try await fleet.until("web runs") { $0.isRunning("web") }
                let stood = Mutex(false)
                host.hypervisor.calls.before(.attach) {
                    let ports = host.host.network.wanted.ports
                    if ports.contains(where: { $0.network == red && $0.addresses.count == 1 }) {
                        stood.withLock { $0 = true }
                    }
                }
                try await fleet.want("web", nics: #"[{"network": "blue"}, {"network": "red"}]"#)
                try await fleet.eventually("its guest has it") {
                    await host.hypervisor.specification(of: web)?.nics.count == 2
                }
                let hasStood = stood.withLock { $0 }
                #expect(hasStood)
                let after = try await fleet.until("the node has acted on the record") {
                    let claim = $0.claim("web")?.value
                    return claim?.desiredRevision == $0.desiredVMs[web]?.revision
                        && claim?.state == .running
                }
                let nics = try #require(after.claim("web")?.value.nics)
                #expect(nics.map(\.network?.text) == ["blue", "red"])
                #expect(nics.first == before.claim("web")?.value.nics.first)
                #expect(after.claim("web")?.value.macs == nics.map(\.mac))
                #expect(
                    after.addresses.held(by: web).map(\.id.address) == nics.flatMap(\.addresses))
                let plugged = await host.hypervisor.specification(of: web)?.nics.last
                #expect(plugged?.bridge?.text == "fake0" && plugged?.mtu == 1450)
                #expect(
                    plugged?.mac == nics.last?.mac && plugged?.interface == nics.last?.interface)
                #expect(await host.hypervisor.created == 1)
                #expect(after.claim("web")?.value.message == nil)
            }
        }

        @Test func whatAGuestHasNotLetGoKeepsItsAddressAndItsRules() async throws {
            try await TestFleet.run(leaseTTL: .seconds(60)) { fleet in
                try await fleet.addTinyFlavourAndImage()
                let host = try fleet.host("a", number: 1)
                fleet.start(host, adjust: { $0.clock = FastClock(times: 20) })
                try await addNetworks(fleet)
                try await fleet.put("security_groups/g1", #"{"name": "shut"}"#)
                try await fleet.want(
                    "web",
                    nics: #"[{"network": "blue"}, "#
                        + #"{"network": "red", "security_groups": ["shut"]}, {}]"#)
                let before = try await fleet.until("web runs") { $0.isRunning("web") }
                let all = try #require(before.claim("web")?.value.nics)
                await host.hypervisor.setGuestsLetGo(false)
                try await fleet.want(
                    "web", nics: #"[{"network": "blue"}, {"mac": "\#(all[2].mac)"}]"#)
                let words = "(network red) goes at the next start at the latest: the guest has not"
                let waiting = try await fleet.until("the node says what it waits for") {
                    $0.claim("web")?.value.message?.contains(words) == true
                }
                #expect(waiting.addresses == before.addresses)
                // Nobody may begin to talk to it now who could not before.
                let port = try #require(host.network.wanted.ports.first { $0.network == red })
                #expect(port.groups.map(\.text) == ["g1"])
                #expect(waiting.claim("web")?.value.nics == [all[0], all[2], all[1]])

                await host.hypervisor.letGo(web)
                let after = try await fleet.until("it is gone from the claim") {
                    $0.claim("web")?.value.nics == [all[0], all[2]]
                        && $0.claim("web")?.value.message == nil
                }
                #expect(after.addresses.held(by: web).map(\.id.network.text) == ["blue"])
                try await fleet.eventually("its rules are gone") {
                    !host.network.wanted.ports.contains { $0.network == red }
                }
                #expect(host.network.wanted.ports.map(\.interface) == [all[0].interface])
                #expect(await host.hypervisor.created == 1)
            }
        }

        @Test func aNetworkThatCannotBeMadeIsSaidAndCostsTheGuestNothing() async throws {
            try await TestFleet.run(leaseTTL: .seconds(60)) { fleet in
                try await fleet.addTinyFlavourAndImage()
                let host = try fleet.host("a", number: 1)
                fleet.start(host, adjust: { $0.clock = FastClock(times: 20) })
                try await addNetworks(fleet)
                try await fleet.want("web", nics: #"[{"network": "blue"}]"#)
                try await fleet.until("web runs") { $0.isRunning("web") }
                host.network.refuse(red, because: "this host has no uplink eth7")
                try await fleet.want("web", nics: #"[{"network": "blue"}, {"network": "red"}]"#)
                let reason = "network red cannot be on this host: this host has no uplink eth7"
                try await fleet.until("the node says why") {
                    $0.isRunning("web")
                        && $0.claim("web")?.value.message?.hasSuffix(reason) == true
                }
                // A guest that stood still for a while goes on without it.
                try await host.hypervisor.suspend(web, within: .seconds(5))
                try await fleet.eventually("it runs again") {
                    await host.hypervisor.localDomain(web)?.state == .running
                }
                #expect(await host.hypervisor.specification(of: web)?.nics.count == 1)
                host.network.refuse(red, because: nil)
                try await fleet.eventually("it is plugged in after all") {
                    await host.hypervisor.specification(of: web)?.nics.count == 2
                }
                try await fleet.until("nothing is said any more") {
                    $0.claim("web")?.value.message == nil
                }
                #expect(await host.hypervisor.created == 1)
            }
        }

        @Test func whatTheHypervisorRefusesIsThereAfterTheNextStart() async throws {
            try await TestFleet.run { fleet in
                let host = try await fleet.startHosts()[0]
                try await addNetworks(fleet)
                try await fleet.want("web", nics: #"[{"network": "blue"}]"#)
                try await fleet.until("web runs") { $0.isRunning("web") }
                host.hypervisor.calls.fail(.attach, with: TestingError("no slot is free"))
                try await fleet.want("web", nics: #"[{"network": "blue"}, {"network": "red"}]"#)
                try await fleet.until("the node says why") {
                    $0.claim("web")?.value.message?.hasSuffix(
                        "comes at the next start at the latest: no slot is free") == true
                }
                await host.hypervisor.end(web, .crashed(reason: "it crashed"))
                try await fleet.eventually("its next guest has it") {
                    await host.hypervisor.specification(of: web)?.nics.count == 2
                }
                try await fleet.until("nothing is said any more") {
                    $0.isRunning("web") && $0.claim("web")?.value.message == nil
                }
            }
        }

        @Test func aNICThatWaitsForAnAddressComesWhenOneIsGivenBack() async throws {
            try await TestFleet.run { fleet in
                let host = try await fleet.startHosts()[0]
                try await fleet.addNetwork("blue", "10.7.0.0/30", gateway: "10.7.0.1")
                try await fleet.want("one", nics: #"[{"network": "blue"}]"#)
                try await fleet.until("one runs") { $0.isRunning("one") }
                try await fleet.want("web")
                try await fleet.until("web runs") { $0.isRunning("web") }
                try await fleet.want("web", nics: #"[{}, {"network": "blue"}]"#)
                try await fleet.until("the node says what web waits for") {
                    $0.claim("web")?.value.message?.contains("blue has no free IPv4 address")
                        == true
                }
                try await fleet.delete("desired_vms/one")
                try await fleet.eventually("web has it") {
                    await host.hypervisor.specification(of: web)?.nics.count == 2
                }
            }
        }

        @Test func groupsAndLimitsOfAGuestThatRunsCountAtOnce() async throws {
            try await TestFleet.run { fleet in
                let host = try await fleet.startHosts()[0]
                try await addNetworks(fleet)
                func allow(_ ports: String) async throws {
                    let rules =
                        #"[{"direction": "ingress", "protocol": "tcp", "ports": "\#(ports)"}]"#
                    try await fleet.put(
                        "security_groups/g1", #"{"name": "web", "rules": \#(rules)}"#)
                }
                try await allow("80")
                try await fleet.want("web", nics: #"[{"network": "blue"}]"#)
                try await fleet.until("web runs") { $0.isRunning("web") }
                let group = SecurityGroupID(unchecked: "g1")
                // Sooner than the next look that finds damage, which comes every ten seconds.
                func soon(_ what: String, _ isSo: (HostNetworks) -> Bool) async throws {
                    try await fleet.eventually(what, within: .seconds(3)) {
                        isSo(host.host.network.wanted)
                    }
                }
                try await soon("nothing is limited") { $0.ports.first?.groups == [] }
                try await fleet.want(
                    "web",
                    nics: #"[{"network": "blue", "security_groups": ["web"], "#
                        + #""limits": {"inbound_kbit": 8000}}]"#)
                try await soon("it is in the group, and limited") {
                    $0.ports.first?.groups == [group] && $0.ports.first?.limits?.inbound == 8000
                }
                // Whatever else has them looked at again is over after the first.
                for port in ["81", "82", "83"] {
                    let before = host.host.network.wanted.groups[group]
                    try await allow(port)
                    try await soon("the group's rules are others") {
                        $0.groups[group] != nil && $0.groups[group] != before
                    }
                }
                let blue = NetworkID(unchecked: "blue")
                for gateway in ["10.7.0.12", "10.7.0.13", "10.7.0.14"] {
                    try await fleet.addNetwork("blue", "10.7.0.0/28", gateway: gateway)
                    try await soon("its network has another gateway") {
                        $0.networks[blue]?.subnets.first?.gateway?.description == gateway
                    }
                }
                #expect(await host.hypervisor.created == 1)
                #expect(host.hypervisor.calls.count(of: .attach) == 0)
            }
        }

        @Test func aGuestThatStandsStillStaysSoUntilItsNetworksCanBeMade() async throws {
            try await TestFleet.run(leaseTTL: .seconds(60)) { fleet in
                let started = try await fleet.startHosts()[0]
                let host = started.host
                try await addNetworks(fleet)
                try await fleet.want("web", nics: #"[{"network": "red"}]"#)
                try await fleet.until("web runs") { $0.isRunning("web") }
                await started.agent.kill()
                try await host.hypervisor.suspend(web, within: .seconds(5))
                host.network.refuse(red, because: "this host has no uplink eth7")
                let resumes = host.hypervisor.calls.count(of: .resume)
                fleet.start(host)
                try await fleet.eventually("the next agent has tried twice") {
                    fleet.log.tail.components(separatedBy: "this host has no uplink eth7").count > 2
                }
                #expect(host.hypervisor.calls.count(of: .resume) == resumes)
                #expect(await host.hypervisor.localDomain(web)?.state == .paused)
                host.network.refuse(red, because: nil)
                try await fleet.eventually("it goes on") {
                    await host.hypervisor.localDomain(web)?.state == .running
                }
                #expect(await host.hypervisor.created == 1)
            }
        }
    }
}
