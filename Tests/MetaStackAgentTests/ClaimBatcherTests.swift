import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

@testable import MetaStackAgent

@Suite(.timeLimit(.minutes(2))) struct ClaimBatcherTests {
    private static let me = HostID(unchecked: "a")

    private func claim(by host: HostID) -> ActualVM {
        ActualVM(host: host, state: .claimed, since: Timestamp(milliseconds: 0))
    }

    @Test func aConflictCostsOnlyTheVMsThatItIsAbout() async throws {
        try await EtcdServer.run { server in
            try await server.withClient { client in
                let store = ClusterStore(client: client, prefix: "/batch")
                let lease = try await store.grantLease(ttl: .seconds(60), deadline: .seconds(5))
                    .lease
                let host = Host(
                    name: Self.me, totalRAM: .zero, totalVCPU: 0, lease: "\(lease)", version: "",
                    hypervisor: "", since: Timestamp(milliseconds: 0))
                _ = try await store.write([.put(.host(Self.me), host, lease: lease)], if: [])
                let vms = (0..<12).map { VMID(unchecked: "vm-\($0)") }
                let wish = DesiredVM(
                    name: try ResourceName("web"), flavour: "f", image: "i", state: .start)
                let written = try await store.write(
                    vms.map { .put(.desiredVM($0), wish) }, if: [])
                guard case .written(let revision) = written else { return }
                // Another host was faster with one of them.
                let other = HostID(unchecked: "b")
                _ = try await store.write([.put(.actualVM(vms[5]), claim(by: other))], if: [])
                let batcher = ClaimBatcher(
                    VMTransactions(store: store, me: Self.me), share: { vms },
                    setOut: { _ in true }, isComing: { _ in true })
                let conflicts = try await withThrowingTaskGroup(of: VMID?.self) { group in
                    for vm in vms {
                        let order = ClaimOrder(
                            vm: vm, wanted: revision, claim: claim(by: Self.me), volumes: [],
                            image: nil)
                        group.addTask {
                            try await batcher.claim(order, lease: lease) == .conflict ? vm : nil
                        }
                    }
                    return try await group.reduce(into: []) { $0 += [$1].compactMap(\.self) }
                }
                #expect(conflicts == [vms[5]])
                #expect(batcher.counts.won == 11)
                #expect(batcher.counts.lost == 1)
                #expect(batcher.counts.transactions < 12, "by halves, and not one by one")
                let owners = try await store.load().actualVMs.mapValues(\.value.host)
                #expect(owners.values.count { $0 == Self.me } == 11)
                #expect(owners[vms[5]] == other)
            }
        }
    }
}
