public import MetaStackModel

/// What became of a host's networks.
public struct NetworkReport: Sendable, Equatable {
    public struct Ready: Sendable, Equatable {
        /// What the guests' NICs hang on.
        public var bridge: String
        /// In bytes; of the guests' NICs too.
        public var mtu: Int
        /// The network namespace in which the services are, as a path; nil where there are none.
        public var namespace: String?
    }

    /// The networks that guests can be on.
    public var ready: [NetworkID: Ready] = [:]
    /// Why the others cannot be here.
    public var problems: [NetworkID: String] = [:]
    /// Why guests of a network that is here get no answer from the metadata server; it may go well with
    /// the next call.
    public var withoutMetadata: [NetworkID: String] = [:]

    init(_ plan: LinkPlan) {
        for (id, network) in plan.networks {
            ready[id] = Ready(
                bridge: network.bridge, mtu: network.mtu,
                namespace: network.isServed ? network.namespace : nil)
        }
        problems = plan.problems
    }

    mutating func refuse(_ network: NetworkID, because reason: String) {
        ready[network] = nil
        problems[network] = reason
    }

    init(refusing wanted: HostNetworks, because reason: String) {
        for port in wanted.ports { problems[port.network] = reason }
    }
}
