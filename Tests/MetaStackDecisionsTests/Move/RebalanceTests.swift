import MetaStackDecisions
import MetaStackModel
import Testing

struct RebalanceTests {
    private let now = Timestamp(milliseconds: 10_000_000)

    private func policy(threshold: Int = 20, atMost: Int = 4) -> RebalancePolicy {
        RebalancePolicy(state: .on, threshold: threshold, coolDown: 3600, atMost: atMost)
    }

    private func plan(_ cluster: Cluster, _ policy: RebalancePolicy) -> Rebalance {
        Rebalance(of: cluster, by: policy, at: now)
    }

    @Test func theFullestHostGivesToTheEmptiest() throws {
        var cluster = try Cluster.fleet("a", "b", "c")
        for number in 1...8 { try cluster.run("vm\(number)", on: "a", ram: 400) }
        try cluster.run("other", on: "b", ram: 400)
        let rebalance = plan(cluster, policy())
        #expect(rebalance.spreadBefore == 781)
        #expect(rebalance.spreadAfter <= 200)
        #expect(rebalance.steps.allSatisfy { $0.from == HostID(unchecked: "a") })
        #expect(Set(rebalance.steps.map(\.vm)).count == rebalance.steps.count)
        #expect(rebalance.steps.allSatisfy { $0.after < $0.before })
    }

    @Test func littleIsLeftAlone() throws {
        var cluster = try Cluster.fleet("a", "b")
        try cluster.run("vm1", on: "a", ram: 700)
        let rebalance = plan(cluster, policy())
        #expect(rebalance.spreadBefore == 170)
        #expect(rebalance.steps.isEmpty)
    }

    @Test func oneLargeVMIsNotSentBackAndForth() throws {
        var cluster = try Cluster.fleet("a", "b")
        try cluster.run("large", on: "a", ram: 4000)
        #expect(plan(cluster, policy()).steps.isEmpty)
    }

    @Test func noMoreThanItMay() throws {
        var cluster = try Cluster.fleet("a", "b")
        for number in 1...8 { try cluster.run("vm\(number)", on: "a", ram: 400) }
        #expect(plan(cluster, policy(atMost: 2)).steps.count == 2)
    }

    @Test func pinnedOnesAndNewcomersStay() throws {
        var cluster = try Cluster.fleet("a", "b")
        for number in 1...4 { try cluster.run("vm\(number)", on: "a", ram: 400, pin: "a") }
        for number in 5...8 {
            try cluster.run("vm\(number)", on: "a", ram: 400, since: now.milliseconds - 1000)
        }
        #expect(plan(cluster, policy()).steps.isEmpty)
        try cluster.run("vm9", on: "a", ram: 400)
        #expect(plan(cluster, policy()).steps.map(\.vm.text) == ["vm9"])
    }

    @Test func aHostThatShrankGivesAway() throws {
        var cluster = try Cluster.fleet("a", "b")
        for number in 1...8 { try cluster.run("vm\(number)", on: "a", ram: 400) }
        try cluster.addHost("a", ram: 2048)
        let rebalance = plan(cluster, policy(atMost: 8))
        #expect(rebalance.steps.first?.before == 1562)
        #expect(rebalance.steps.count >= 4)
    }

    @Test func hostsInMaintenanceGetNothing() throws {
        var cluster = try Cluster.fleet("a", "b")
        for number in 1...8 { try cluster.run("vm\(number)", on: "a", ram: 400) }
        cluster.maintain("b")
        #expect(plan(cluster, policy()).steps.isEmpty)
    }

    @Test func everyOwnerComputesTheSame() throws {
        var one = try Cluster.fleet("a", "b", "c", "d")
        var other = try Cluster.fleet("d", "c", "b", "a")
        for number in 1...12 { try one.run("vm\(number)", on: number < 10 ? "a" : "b", ram: 300) }
        for number in (1...12).reversed() {
            try other.run("vm\(number)", on: number < 10 ? "a" : "b", ram: 300)
        }
        #expect(plan(one, policy()) == plan(other, policy()))
        #expect(!plan(one, policy()).steps.isEmpty)
    }
}
