import ArgumentParser
import Foundation
import LinuxNetwork
import Logging
import MetaStackAgent
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Subprocess

/// What ``NetworksBenchmark`` starts in a host's network namespace: a whole agent whose guests' networks are
/// real, with etcd beside it, and a hypervisor and a storage in memory; and what it costs at
/// rest, without NICs and with many.
struct CrowdedAgent: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crowded-agent", abstract: "One agent with many NICs, for another benchmark.",
        shouldDisplay: false)

    @Option(help: "Where the networks' files lie.")
    var directory: String

    @Option(help: "The host's address for VXLANs.")
    var underlay: String

    @Flag(
        name: .customLong("open-vswitch"),
        help: "Networks are made with Open vSwitch, whose sockets are in OVS_RUNDIR.")
    var openVSwitch = false

    @Option var nics = 500
    @Option(help: "How long to look, in seconds.")
    var seconds = 60

    private static let nicsOfAVM = 10
    /// By then what the last change has set in motion has settled.
    private static let quiet = Duration.seconds(15)

    private var driver: NetworkDriver { openVSwitch ? .openVSwitch : .linux }

    func run() async throws {
        ProcessMemory.limitArenas()
        let network = try await LinuxGuestNetwork(
            directory: directory, bridge: InterfaceName("br0"), underlay: IPAddress(underlay),
            driver: driver)
        try await TestFleet.run(leaseTTL: .seconds(5), logLevel: .warning) { fleet in
            try await fleet.addTinyFlavourAndImage()
            try await addNetwork(fleet)
            let host = try fleet.host("crowded", number: 1, ram: 1 << 20, vcpus: 64)
            let links = try HostLinksSource.host(of: driver)
            fleet.start(
                host,
                adjust: {
                    $0.network = network
                    $0.links = links
                })
            try await fleet.untilHostsAreReady(1)
            let alone = try await share()
            let vms = (0..<(nics + Self.nicsOfAVM - 1) / Self.nicsOfAVM).map { "vm-\($0)" }
            let nic = #"{"network": "bench", "security_groups": ["bench"]}"#
            let all = "[\(Array(repeating: nic, count: Self.nicsOfAVM).joined(separator: ", "))]"
            for vm in vms { try await fleet.want(vm, nics: all) }
            let cluster = try await fleet.until("all run", within: .seconds(300)) { cluster in
                vms.allSatisfy { cluster.isRunning($0) }
            }
            let taps = cluster.actualVMs.values.flatMap(\.value.nics).compactMap(\.interface)
            try await plug(taps)
            let crowded = try await share()
            print(
                "\na whole agent at rest: \(alone) % of a core without NICs, \(crowded) % with "
                    + "\(taps.count), the programs it starts counted")
            await end(vms, fleet)
        }
    }

    private func addNetwork(_ fleet: TestFleet) async throws {
        let kind = openVSwitch ? #""bridge""# : #""vxlan", "vni": 70"#
        try await fleet.put(
            "networks/bench",
            """
            {"name": "bench", "kind": \(kind), \
            "subnets": [{"prefix": "10.7.0.0/21"}, {"prefix": "2001:db8:7::/64"}]}
            """)
        try await fleet.put(
            "security_groups/bench",
            """
            {"name": "bench", "rules": [{"direction": "ingress", "protocol": "tcp", "ports": "22"}, \
            {"direction": "ingress", "group": "bench"}]}
            """)
    }

    /// What libvirt does with the NICs of guests that start.
    private func plug(_ taps: [InterfaceName]) async throws {
        let bridge = NetworkNames(NetworkID(unchecked: "bench")).bridge
        try await Self.run(
            "ip", ["-batch", "-"],
            input: taps.flatMap { tap in
                ["tuntap add dev \(tap) mode tap", "link set \(tap) up"]
                    + (openVSwitch ? [] : ["link set \(tap) master \(bridge)"])
            }.joined(separator: "\n") + "\n")
        guard openVSwitch else { return }
        try await Self.run(
            "ovs-vsctl", taps.flatMap { ["--", "--may-exist", "add-port", bridge, $0.text] })
    }

    private static func run(
        _ program: String, _ arguments: [String], input: String = ""
    ) async throws {
        let result = try await Subprocess.run(
            .name(program), arguments: Arguments(arguments), input: .string(input),
            output: .discarded, error: .string(limit: 1 << 16))
        guard result.terminationStatus.isSuccess else {
            throw BenchmarkError(description: "\(program): \(result.standardError)")
        }
    }

    /// Hundredths of a core that this process and those it has waited for use; etcd is none of them.
    private func share() async throws -> Double {
        try await Task.sleep(for: Self.quiet)
        let (before, start) = (ProcessorTime.ofProcessAndItsChildren, ContinuousClock.now)
        try await Task.sleep(for: .seconds(seconds))
        let used = ProcessorTime.ofProcessAndItsChildren - before
        return (used / (start.duration(to: .now) / .seconds(1)) * 10_000).rounded() / 100
    }

    /// Gives the host back as it was; whoever started this takes away what is left.
    private func end(_ vms: [String], _ fleet: TestFleet) async {
        for vm in vms { try? await fleet.delete("desired_vms/\(vm)") }
        try? await fleet.eventually("nothing is left", within: .seconds(60)) {
            try await fleet.store.load().actualVMs.isEmpty
        }
    }
}

enum ProcessorTime {
    /// In seconds, by getrusage(2).
    static var ofProcessAndItsChildren: Double {
        [RUSAGE_SELF.rawValue, RUSAGE_CHILDREN.rawValue].map { who in
            var usage = rusage()
            getrusage(__rusage_who_t(who), &usage)
            return [usage.ru_utime, usage.ru_stime].map {
                Double($0.tv_sec) + Double($0.tv_usec) / 1e6
            }.reduce(0, +)
        }.reduce(0, +)
    }
}
