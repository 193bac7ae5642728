import LinuxNetwork
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Synchronization
import Testing

@testable import MetaStackAgent

extension AgentTests {
    /// What agents ask of the networks of their hosts, and when.
    struct NetworkTests {
        private let blue = NetworkID(unchecked: "blue")

        @Test func aGuestsNetworkStandsBeforeItsDomainAndGoesAfterIt() async throws {
            try await TestFleet.run { fleet in
                let host = try await fleet.startHosts()[0]
                try await fleet.addNetwork("blue", "10.7.0.0/28")
                let stood = Flag()
                host.hypervisor.calls.before(.create) {
                    if host.host.network.wanted.ports.isEmpty == false { stood.set() }
                }
                try await fleet.want("web", nics: #"[{"network": "blue"}, {}]"#)
                let cluster = try await fleet.until("web runs") { $0.isRunning("web") }
                #expect(stood.isSet)
                let nic = try #require(cluster.claim("web")?.value.nics.first)
                let port = try #require(host.host.network.wanted.ports.first)
                #expect(host.host.network.wanted.ports.count == 1)
                #expect(port.interface == nic.interface)
                #expect(port.mac == nic.mac && port.addresses == nic.addresses)
                #expect(port.name == "web" && !port.hasArrived)
                #expect(
                    await host.hypervisor.specification(of: web)?.nics.first?.bridge?.text
                        == "fake0")
                #expect(
                    await host.hypervisor.specification(of: web)?.nics.map(\.mtu) == [1450, nil])
                try await fleet.delete("desired_vms/web")
                try await fleet.eventually("nothing is left of its network") {
                    host.host.network.wanted.ports.isEmpty
                }
            }
        }

        @Test func aNetworkThatCannotBeHereCostsItsVMsAlone() async throws {
            try await TestFleet.run { fleet in
                let host = try await fleet.startHosts()[0]
                try await fleet.addNetwork("blue", "10.7.0.0/28")
                try await fleet.addNetwork("red", "10.8.0.0/28")
                host.host.network.refuse(blue, because: "this host has no bridge br1")
                try await fleet.want("one", nics: #"[{"network": "blue"}]"#)
                try await fleet.want("two", nics: #"[{"network": "red"}]"#)
                let cluster = try await fleet.until("two runs and one is declined") {
                    $0.isRunning("two") && $0.declines[VMID(unchecked: "one")] != nil
                }
                let decline = cluster.declines[VMID(unchecked: "one")]?.values.first?.value.reason
                #expect(
                    decline
                        == "network blue cannot be on this host: this host has no bridge br1")
            }
        }

        /// A minute of the agent's is 0.6 s.
        @Test func whatIsDamagedIsMendedSoonWhereTheKernelTellsAndInMinutesWhereNot() async throws {
            try await TestFleet.run(leaseTTL: .seconds(600)) { fleet in
                try await fleet.addTinyFlavourAndImage()
                let clock = FastClock(times: 100)
                let host = try fleet.host("a", number: 1)
                fleet.start(host, adjust: { $0.clock = clock })
                try await fleet.addNetwork("blue", "10.7.0.0/28")
                try await fleet.want("web", nics: #"[{"network": "blue"}]"#)
                try await fleet.until("web runs") { $0.isRunning("web") }
                func mended(telling isTold: Bool) async throws {
                    host.network.spoil(telling: isTold)
                    try await fleet.eventually("it is mended") {
                        host.network.wanted.ports.count == 1
                    }
                }
                // With it ends what the start has set going.
                try await mended(telling: true)
                for isTold in [true, false] {
                    let (begin, looks) = (clock.now, host.network.looks)
                    try await mended(telling: isTold)
                    let time = clock.now - begin
                    #expect(host.network.looks == looks + 1)
                    #expect((time < .seconds(120)) == isTold, "\(time)")
                }
            }
        }

        @Test func whereTheKernelDoesNotTellTheAgentLooksByItself() async throws {
            try await TestFleet.run(leaseTTL: .seconds(60)) { fleet in
                try await fleet.addTinyFlavourAndImage()
                let host = try fleet.host("a", number: 1)
                fleet.start(
                    host,
                    adjust: { parts in
                        parts.clock = FastClock(times: 20)
                        parts.network = DeafNetwork(real: host.network)
                    })
                try await fleet.addNetwork("blue", "10.7.0.0/28")
                try await fleet.want("web", nics: #"[{"network": "blue"}]"#)
                try await fleet.until("web runs") { $0.isRunning("web") }
                #expect(fleet.log.tail.contains("nobody tells of changes to guests' networks"))
                host.network.spoil()
                try await fleet.eventually("it is mended", within: .seconds(5)) {
                    host.network.wanted.ports.count == 1
                }
            }
        }

        @Test func aTargetMakesTheNetworkBeforeTheGuestComesAndTheSourceCleansUp() async throws {
            try await TestFleet.run { fleet in
                let hosts = try await fleet.startHosts(2)
                try await fleet.addNetwork("blue", "10.7.0.0/28")
                try await fleet.want("web", nics: #"[{"network": "blue"}]"#)
                let before = try await fleet.until("web runs") { $0.isRunning("web") }
                let (source, others) = try hosts.split(by: before.claim("web")?.value.host)
                let target = others[0]
                let stood = Flag()
                target.hypervisor.calls.before(.receive) {
                    if target.host.network.wanted.ports.first?.hasArrived == true { stood.set() }
                }
                try await fleet.put(
                    "desired_vms/web",
                    """
                    {"name": "web", "flavour": "tiny", "image": "tiny", "state": "start",
                     "nics": [{"network": "blue"}], "host": "\(target.id)"}
                    """)
                let after = try await fleet.until("web runs there") {
                    $0.isRunning("web", on: target.id)
                }
                #expect(stood.isSet)
                #expect(after.claim("web")?.value.nics == before.claim("web")?.value.nics)
                try await fleet.eventually("the source has nothing left") {
                    source.host.network.wanted.ports.isEmpty
                }
                #expect(target.host.network.wanted.ports.count == 1)
            }
        }
    }
}

/// Networks that nobody tells of.
private struct DeafNetwork: GuestNetwork {
    let real: FakeGuestNetwork

    func plane() async throws -> HostPlane { real.plane() }

    func converge(_ wanted: HostNetworks) async throws -> GuestNetworkReport {
        try await real.converge(wanted)
    }

    func damage() async throws -> AsyncStream<Void> { throw TestingError("no such socket") }

    func answerMetadata(with answer: @escaping MetadataAnswering) {
        real.answerMetadata(with: answer)
    }
}

/// Whether something was seen.
private final class Flag: Sendable {
    private let state = Mutex(false)

    var isSet: Bool { state.withLock(\.self) }

    func set() { state.withLock { $0 = true } }
}
