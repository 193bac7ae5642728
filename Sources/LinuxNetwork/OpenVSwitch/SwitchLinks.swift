import MetaStackModel

/// What networks can be made of on a host with Open vSwitch.
public struct SwitchLinks: Sendable, Equatable {
    /// Bridges that MetaStack has not made.
    public var bridges: [String]
    /// Ports of them: a VLAN is as good on one as on its bridge.
    public var uplinks: [String]

    /// Asks the host's own Open vSwitch.
    ///
    /// - Throws: `NetworkPlaneError` where it does not answer.
    public static func read() async throws(NetworkPlaneError) -> SwitchLinks {
        let commands = HostCommands(namespace: nil)
        return SwitchLinks(try await VirtualSwitch(commands: commands, directory: nil).read())
    }

    init(_ reading: SwitchReading) {
        let others = reading.bridges.filter { $0.value.network == nil }
        bridges = others.keys.sorted()
        uplinks = reading.ports.filter { name, port in
            others[port.bridge] != nil && port.network == nil && port.type != "internal"
                && port.type != "patch"
        }.map(\.key).sorted()
    }
}
