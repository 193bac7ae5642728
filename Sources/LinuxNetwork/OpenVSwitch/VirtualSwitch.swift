import MetaStackModel

/// Open vSwitch of this host: its database through `ovs-vsctl`, its flows through `ovs-ofctl`.
struct VirtualSwitch: Sendable {
    let commands: HostCommands
    /// Where its sockets are (`OVS_RUNDIR`); nil for where they are by themselves.
    let directory: String?

    /// With conntrack, meters and bundles.
    static let `protocol` = "OpenFlow15"
    /// In seconds, which a switch that is at rest answers within milliseconds.
    private static let patience = "--timeout=10"

    private func call(
        _ program: String, _ arguments: [String], input: String = ""
    ) async throws(NetworkPlaneError) -> String {
        let (program, all) =
            directory.map { ("env", ["OVS_RUNDIR=\($0)", program, Self.patience] + arguments) }
            ?? (program, [Self.patience] + arguments)
        return try await commands.run(program, all, input: input)
    }

    private func flow(
        _ arguments: [String], input: String = ""
    ) async throws(NetworkPlaneError) -> String {
        try await call("ovs-ofctl", ["-O", Self.protocol] + arguments, input: input)
    }

    /// Why there is none; nil where there is.
    func problem() async -> String? {
        do {
            _ = try await call("ovs-ofctl", ["--version"])
            _ = try await call("ovs-vsctl", ["get", "Open_vSwitch", ".", "ovs_version"])
            return nil
        } catch {
            return "Open vSwitch does not answer: \(error.message)"
        }
    }

    // MARK: Its database

    func read() async throws(NetworkPlaneError) -> SwitchReading {
        try SwitchReading(
            try await call("ovs-vsctl", ["--format=json", "--"] + SwitchReading.questions))
    }

    /// In one transaction. Returns when the bridges are there.
    func change(_ changes: [[String]]) async throws(NetworkPlaneError) {
        guard !changes.isEmpty else { return }
        _ = try await call("ovs-vsctl", ["--"] + changes.joined(separator: ["--"]))
    }

    // MARK: Flows

    /// Makes a bridge's flows these in one step, and touches none that is the same.
    func set(_ flows: SwitchFlows) async throws(NetworkPlaneError) {
        let bridge = flows.network.bridge
        // Otherwise no port is known of any fragment. It lasts until the switch starts anew.
        _ = try await flow(["set-frags", bridge, "nx-match"])
        let found = SwitchMeter.read(try await flow(["dump-meters", bridge]))
        let wanted = flows.meters
        for meter in wanted.sorted(by: { $0.number < $1.number }) where found[meter.number] != meter
        {
            let verb = found[meter.number] == nil ? "add-meter" : "mod-meter"
            _ = try await flow([verb, bridge, meter.text])
        }
        _ = try await flow(["--bundle", "replace-flows", bridge, "-"], input: flows.text)
        // A meter takes the flows with it that name it, so it goes after them.
        for number in found.keys.sorted() where !wanted.contains(where: { $0.number == number }) {
            _ = try await flow(["del-meter", bridge, "meter=\(number)"])
        }
    }
}
