import Foundation
import MetaStackDecisions
import MetaStackModel
import MetaStackTesting
import Testing

@testable import MetaStackAgent

/// What the agent's view has of this host's domains.
struct LocalDomainsTests {
    private func guest(nics count: Int) throws -> GuestSpecification {
        GuestSpecification(
            vm: web, uuid: UUID(), name: try ResourceName("web"), ram: try Mebibytes(64), vcpus: 1,
            disks: [],
            nics: (0..<count).map { place in
                GuestNIC(mac: MACAddress(vm: web, nic: place), interface: .tap(of: web, nic: place))
            },
            incarnation: Incarnation(1), vmCreateRevision: Revision(1), console: nil)
    }

    /// No record need change with it: a guest that lost its claim is destroyed after that.
    @Test func theNetworkIsLookedAtWhenADomainsNICsHaveComeOrGone() async throws {
        let hypervisor = FakeHypervisor(
            capacity: HypervisorCapacity(
                ram: try Mebibytes(4096), vcpus: 4, machine: "m", description: "fake"),
            address: "10.0.0.1", storage: FakeStorage())
        let view = NodeView(me: try HostID("a"), ttl: .seconds(5))
        let domains = LocalDomains(hypervisor: hypervisor, view: view)
        func rings(_ body: () async throws -> Void) async throws -> Int {
            let before = view.networkBell.rings
            try await body()
            try await domains.refresh(web)
            return view.networkBell.rings - before
        }
        #expect(try await rings { try await hypervisor.create(guest(nics: 2)) } == 1)
        #expect(try await rings { try await hypervisor.resume(web) } == 0)
        #expect(
            try await rings { try await hypervisor.detach(.tap(of: web, nic: 1), from: web) } == 1)
        #expect(try await rings { await hypervisor.vanish(web) } == 1)
        #expect(try await rings { try await hypervisor.create(guest(nics: 1)) } == 1)
        let before = view.networkBell.rings
        domains.forget(web)
        #expect(view.networkBell.rings == before + 1)
    }
}
