import MetaStackModel

extension KernelOffer {
    /// What a host offers where Open vSwitch makes its networks: what only the kernel's bridges need is not
    /// asked for.
    static func probeSwitch() async throws(NetworkPlaneError) -> KernelOffer {
        let commands = HostCommands(namespace: nil)
        return KernelOffer(
            tracking: nil, hasVXLANs: false,
            hasDNSMasq: (try? await commands.run("dnsmasq", ["--version"])) != nil,  // Not there.
            hasRateLimits: try await commands.canFilter(Self.limits), hasShaping: false,
            noNAT64: noNAT64WithSwitch)
    }

    /// Why Open vSwitch makes no networks on this host; nil where it does.
    public static func switchProblem() async -> String? {
        await VirtualSwitch(commands: HostCommands(namespace: nil), directory: nil).problem()
    }

    public static let noVXLANsWithSwitch = "with Open vSwitch there are none (network.driver)"
    public static let noNAT64WithSwitch = "with Open vSwitch there is none (network.driver)"
}
