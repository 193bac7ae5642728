import MetaStackAgent
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Synchronization
import Testing

extension AgentTests {
    struct HerdTests {
        @Test func manyVMsAtOnceAreSharedEvenlyAndClaimedInFewTransactions() async throws {
            try await TestFleet.run { fleet in
                let hosts = try await fleet.startHosts(2, ram: 16384)
                // Nobody knows how large they are until the flavour comes back.
                try await fleet.delete("vm_flavours/tiny")
                for number in 0..<60 { try await fleet.want("vm-\(number)") }
                try await fleet.addTinyFlavourAndImage()
                let cluster = try await fleet.until("all run", within: .seconds(30)) { cluster in
                    cluster.actualVMs.count == 60
                        && cluster.actualVMs.values.allSatisfy { $0.value.state == .running }
                }
                let transactions = Set(cluster.actualVMs.values.map(\.createRevision)).count
                #expect(transactions <= 12, "60 claims in \(transactions) transactions")
                let shares = hosts.map { host in
                    cluster.actualVMs.values.count { $0.value.host == host.id }
                }
                #expect(shares.allSatisfy { (25...35).contains($0) }, "shares of \(shares)")
            }
        }

        @Test func noMoreGuestsAreCreatedAtATimeThanTheHostMay() async throws {
            try await TestFleet.run { fleet in
                try await fleet.addTinyFlavourAndImage()
                var host = try fleet.host("a", number: 1, ram: 16384)
                host.configuration.node.startConcurrency = 3
                let most = Most()
                host.hypervisor.calls.before(.create) {
                    most.enter()
                    try await Task.sleep(for: .milliseconds(20))
                    most.leave()
                }
                for number in 0..<20 { try await fleet.want("vm-\(number)") }
                fleet.start(host)
                try await fleet.until("all run", within: .seconds(30)) { cluster in
                    cluster.actualVMs.values.count { $0.value.state == .running } == 20
                }
                #expect(most.value == 3)
            }
        }
    }
}

/// How many were inside at the same time, at most.
private final class Most: Sendable {
    private let state = Mutex((now: 0, most: 0))

    var value: Int { state.withLock(\.most) }

    func enter() {
        state.withLock { state in
            state.now += 1
            state.most = max(state.most, state.now)
        }
    }

    func leave() { state.withLock { $0.now -= 1 } }
}
