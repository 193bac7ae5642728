import ArgumentParser
import MetaStackDecisions
import MetaStackModel

/// VMs of mixed flavours on hosts of three sizes, arriving and leaving at random: how evenly, and
/// how many of them, beside a central best fit and what no packing can beat. No etcd, no clock.
struct BalanceBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "balance", abstract: "How well VMs are spread and packed.")

    @Option(help: "How many hosts.")
    var hosts = 100

    @Option(help: "How often some VMs leave and as many come.")
    var rounds = 200

    @Option(help: "How many of them each time.")
    var churn = 100

    @Option(help: "Repeats a run.")
    var seed: UInt64 = 1

    func run() throws {
        print(
            """
            | wanted VMs | who places | placed VMs | of the bound % | memory used % | spread of use: \
            deviation % | lowest % | highest % |
            | --- | --- | --- | --- | --- | --- | --- | --- |
            """)
        for vms in [6_000, 8_500, 10_000] { try run(vms: vms) }
    }

    private func run(vms: Int) throws {
        var world = try BalanceWorld(seed: seed, hosts: hosts)
        while world.wanted.count < vms {
            world.arrive(churn)
            world.settle()
        }
        var own = Spread()
        var central = Spread()
        var bound = 0.0
        for _ in 0..<rounds {
            world.leave(churn)
            world.arrive(churn)
            world.settle()
            own.add(world.offers, placed: world.cluster.actualVMs.count)
            central.add(world.central.offers, placed: world.central.places.count)
            bound += Double(world.bound)
        }
        for (name, spread) in [("the nodes themselves", own), ("a central best fit", central)] {
            print("| \(vms) | \(name) | \(spread.row(bound: bound / Double(rounds))) |")
        }
        let ratio = own.placed / central.placed
        print("| \(vms) | nodes / central | \((ratio * 100).hundredths) % | | | | | |")
    }
}

/// Means over rounds of what hosts look like.
private struct Spread {
    private(set) var placed = 0.0
    private var rounds = 0.0
    private var used = 0.0
    private var deviation = 0.0
    private var lowest = 0.0
    private var highest = 0.0

    mutating func add(_ offers: [HostOffer], placed count: Int) {
        let uses = offers.map { Double($0.usedRAM.count) / Double($0.ramLimit) * 100 }
        let mean = uses.reduce(0, +) / Double(uses.count)
        let squares = uses.map { ($0 - mean) * ($0 - mean) }
        placed += Double(count)
        rounds += 1
        used +=
            Double(offers.reduce(0) { $0 + $1.usedRAM.count })
            / Double(offers.reduce(0) { $0 + $1.ramLimit }) * 100
        deviation += (squares.reduce(0, +) / Double(uses.count)).squareRoot()
        lowest += uses.min() ?? 0
        highest += uses.max() ?? 0
    }

    func row(bound: Double) -> String {
        let share = placed / rounds / bound * 100
        return [placed / rounds, share, used / rounds, deviation / rounds, lowest / rounds]
            .map(\.hundredths).joined(separator: " | ") + " | \((highest / rounds).hundredths)"
    }
}

extension BalanceWorld {
    /// More VMs than this can no packing place: the smallest first, as if all hosts were one, for
    /// memory and for processors apart.
    var bound: Int {
        func most(_ sizes: [Int], in room: Int) -> Int {
            var left = room
            return sizes.sorted().prefix { size in
                left -= size
                return left >= 0
            }.count
        }
        return min(
            most(wanted.map(\.ram.count), in: offers.reduce(0) { $0 + $1.ramLimit }),
            most(wanted.map(\.vcpus), in: offers.reduce(0) { $0 + $1.vcpuLimit }))
    }
}

extension Double {
    /// With two digits behind the point.
    var hundredths: String { "\((self * 100).rounded() / 100)" }
}
