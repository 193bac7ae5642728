/// What translates packets between IPv6 and IPv4 in a network's namespace, one address to one.
///
/// It has a link there, ``Translation/link``, that takes what is for the IPv6 prefix and for the
/// guests' IPv4 addresses. Everything else is the namespace's own routing and rules.
protocol AddressTranslator: Sendable {
    /// Why this host has none; nil where it does.
    func problem(_ commands: HostCommands) async throws(NetworkPlaneError) -> String?

    /// What runs beside the agent; nil for what the kernel does by itself.
    func daemon(_ files: ServiceFiles) -> Daemon?

    /// Makes it translate just this, and touches nothing where it does already.
    ///
    /// - Parameter inside: the network's namespace, which forwards.
    func keep(
        _ wanted: Translation, _ files: ServiceFiles, _ inside: HostCommands
    ) async throws(NetworkPlaneError)

    /// Takes it away from a network that goes on without; nothing where it is not.
    func remove(_ files: ServiceFiles, _ inside: HostCommands) async throws(NetworkPlaneError)
}
