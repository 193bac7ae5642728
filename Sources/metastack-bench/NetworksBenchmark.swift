import ArgumentParser
import Foundation
import LinuxNetwork
import MetaStackModel

/// What guests' networks cost: throughput and latency with and without protection, the time until a
/// network is ready, and what an agent spends on many NICs that do nothing.
///
/// Hosts and guests are network namespaces; it needs root and `iperf3`, and leaves nothing.
struct NetworksBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "networks", abstract: "What guests' networks and their protection cost.")

    @Option(help: "How often each thing is measured.")
    var rounds = 7

    @Option(help: "How long each transfer takes, in seconds.")
    var seconds = 2

    @Option(help: "How many NICs the crowded host has.")
    var nics = 500

    @Option(help: "How long an agent at rest is looked at, in seconds.")
    var restSeconds = 60

    func run() async throws {
        let traffic = try await BenchNetwork.run(hosts: 2) { world in
            try await self.traffic(in: world)
        }
        print(
            """
            | way | protection, or translation | Gbit/s | of without | round trip µs | of without |
            | --- | --- | --- | --- | --- | --- |
            """)
        for (place, pair) in traffic { pair.print(place) }
        try await BenchNetwork.run(hosts: 2) { try await translation(in: $0) }
        print("\n\(Figures.header)")
        try await BenchNetwork.run(hosts: 1) { try await readiness(in: $0) }
        try await BenchNetwork.run(hosts: 1) { try await crowd(in: $0) }
        try await BenchNetwork.run(hosts: 1) { print(try await wholeAgent(on: $0.hosts[0])) }
        try await BenchNetwork.run(hosts: 1) { try await wholeAgentWithSwitch(in: $0) }
    }

    // MARK: Traffic

    private func traffic(in world: BenchNetwork) async throws -> [(String, Pair)] {
        let ports = try (0..<3).map { try BenchNetwork.port($0) }
        let (here, there) = (world.hosts[0], world.hosts[1])
        let placed = [(ports[0], here), (ports[1], here), (ports[2], there)]
        let wishes = try [here, there].map { host in
            try BenchNetwork.wanted(
                placed.filter { $0.1.name == host.name }.map(\.0), all: ports, peer: host.peer)
        }
        let planes = try await [here.plane(), there.plane()]
        for (plane, wanted) in zip(planes, wishes) { _ = try await plane.converge(wanted) }
        for (port, host) in placed { try await world.makeGuest(port, on: host) }

        var pairs = ["guests of one host", "guests of two hosts (VXLAN)"].map {
            ($0, Pair(names: ["yes", "no"]))
        }
        for _ in 0..<rounds {
            for isProtected in [true, false] {
                for (index, host) in [here, there].enumerated() {
                    if isProtected {
                        _ = try await planes[index].converge(wishes[index])
                    } else {
                        try await host.dropProtection()
                    }
                }
                for (index, target) in [1, 2].enumerated() {
                    let (sender, address) = (world.guest(ports[0]), ports[target].addresses[1])
                    let rate = try await world.throughput(
                        from: sender, to: ports[target], at: address, seconds: seconds)
                    let trip = try await world.roundTrip(from: sender, to: address)
                    pairs[index].1.add(rate, trip, isFirst: isProtected)
                }
            }
        }
        return pairs
    }

    /// The same way with something and without, in turns.
    struct Pair {
        let names: [String]
        private var rates: [Bool: [Double]] = [:]
        private var trips: [Bool: [Double]] = [:]

        init(names: [String]) { self.names = names }

        mutating func add(_ rate: Double, _ trip: Double, isFirst: Bool) {
            rates[isFirst, default: []].append(rate)
            trips[isFirst, default: []].append(trip)
        }

        func print(_ place: String) {
            let rate = [true, false].map { Self.median(rates[$0] ?? []) }
            let trip = [true, false].map { Self.median(trips[$0] ?? []) }
            for (index, name) in names.enumerated() {
                let shares = [rate, trip].map { hundredths($0[index] / $0[1]) }
                Swift.print(
                    "| \(place) | \(name) | \(hundredths(rate[index])) | \(shares[0]) "
                        + "| \(hundredths(trip[index])) | \(shares[1]) |")
            }
        }

        private func hundredths(_ number: Double) -> Double { (number * 100).rounded() / 100 }

        private static func median(_ numbers: [Double]) -> Double {
            numbers.isEmpty ? .nan : numbers.sorted()[numbers.count / 2]
        }
    }

    // MARK: One guest, and many

    private func readiness(in world: BenchNetwork) async throws {
        let host = world.hosts[0]
        let plane = try await host.plane()
        let ports = try (0..<2).map { try BenchNetwork.port($0) }
        var figures = [
            "network ready, first guest", "network ready, second guest", "all taken away",
        ]
        .map { Figures($0) }
        let wishes = try [
            BenchNetwork.wanted([ports[0]], all: ports, peer: host.peer),
            BenchNetwork.wanted(ports, all: ports, peer: host.peer), HostNetworks(),
        ]
        let clock = ContinuousClock()
        for _ in 0..<rounds {
            for (index, wanted) in wishes.enumerated() {
                let time = try await clock.measure { _ = try await plane.converge(wanted) }
                figures[index].add(time)
            }
        }
        for figure in figures { print(figure.row) }
    }

    private func crowd(in world: BenchNetwork) async throws {
        let host = world.hosts[0]
        let plane = try await host.plane()
        let ports = try (0..<nics).map { try BenchNetwork.port($0) }
        let few = Array(ports.prefix(200))
        let wanted200 = try BenchNetwork.wanted(few, all: few, peer: host.peer)
        let clock = ContinuousClock()
        var rules = Figures("all rules of 200 guests, with their network")
        var one = Figures("one guest more")
        for _ in 0..<rounds {
            rules.add(try await clock.measure { _ = try await plane.converge(wanted200) })
            let more = try BenchNetwork.wanted(
                Array(ports.prefix(201)), all: Array(ports.prefix(201)), peer: host.peer)
            one.add(try await clock.measure { _ = try await plane.converge(more) })
            _ = try await plane.converge(HostNetworks())
        }
        print(rules.row)
        print(one.row)

        let wanted = try BenchNetwork.wanted(ports, all: ports, peer: host.peer)
        let report = try await plane.converge(wanted)
        guard let bridge = report.ready.values.first?.bridge else {
            throw BenchmarkError(description: "no network: \(report.problems)")
        }
        try await host.makeTaps(ports, on: bridge)
        _ = try await plane.converge(wanted)
        var looks = Figures("a look at \(nics) NICs at rest")
        let before = ProcessorTime.ofProcessAndItsChildren
        for _ in 0..<rounds {
            looks.add(try await clock.measure { _ = try await plane.converge(wanted) })
        }
        let cost = (ProcessorTime.ofProcessAndItsChildren - before) / Double(rounds)
        print(looks.row)
        let rest = try await self.rest(plane)
        print(
            """

            \(nics) NICs at rest: \((cost * 1e5).rounded() / 100) ms of processor time a look, \
            \(Self.percent(cost / Self.interval)) % of a core at one look in five minutes; to hear \
            of changes \(Self.percent(rest)) %
            """)
    }

    /// In which an agent looks at networks that nothing has happened to, in seconds.
    private static let interval = 300.0

    private static func percent(_ share: Double) -> Double { (share * 1e5).rounded() / 1e3 }

    /// What part of a core it takes to hear of changes while there are none.
    private func rest(_ plane: NetworkPlane) async throws -> Double {
        let time = Duration.seconds(20)
        let changes = try await plane.damage()
        let before = ProcessorTime.ofProcessAndItsChildren
        try await Task.sleep(for: time)
        let cost = ProcessorTime.ofProcessAndItsChildren - before
        return withExtendedLifetime(changes) { cost / (time / .seconds(1)) }
    }

    /// What ``CrowdedAgent`` prints, in the host's network namespace and with this process's mounts.
    private func wholeAgent(
        on host: BenchHost, _ environment: [String] = [], _ more: [String] = []
    ) async throws -> String {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return try await BenchHost.run(
            "nsenter",
            ["--net=/run/netns/\(host.name)", "env"] + environment + [
                program, "crowded-agent", "--directory", host.directory, "--underlay",
                "\(host.underlay)", "--nics", "\(nics)", "--seconds", "\(restSeconds)",
            ] + more)
    }

    private func wholeAgentWithSwitch(in world: BenchNetwork) async throws {
        let bench = BenchSwitch(host: world.hosts[0])
        let printed: String
        do {
            try await bench.start()
            printed = try await wholeAgent(
                on: world.hosts[0], [bench.environment], ["--open-vswitch"])
        } catch {
            // What went wrong first is what the reader has to know.
            try? await bench.end()
            throw error
        }
        try await bench.end()
        print("with Open vSwitch: \(printed.drop { $0.isNewline })")
    }
}
