import MetaStackModel

/// Which guest asks, by the network and the address that a question comes from.
///
/// The address stands for the port. In a network whose addresses MetaStack gives, the rules let
/// a frame in from a guest's port only if it is from that NIC's own MAC and from its own addresses or the
/// link-local address that belongs to the MAC; no two NICs of a network have an address in common; the
/// services hear the guests of this host alone; and each network has services of its own. So
/// whatever a guest writes on its packets, those that arrive here name its own port.
///
/// This holds for the rules that the kernel has, which at the moment of a change are either the old or
/// the new ones: meanwhile only those are known whom both name alike.
struct MetadataAskers: Sendable, Equatable {
    private var ports: [NetworkID: [IPAddress: GuestPort]] = [:]
    /// Ports that have an address in common, by which neither can be told.
    private var shared: Set<InterfaceName> = []

    init() {}

    init(_ wanted: HostNetworks) {
        for port in wanted.ports {
            // Where others give the addresses, nothing binds them to a port.
            guard wanted.networks[port.network]?.subnets.isEmpty == false else { continue }
            var known = ports[port.network] ?? [:]
            for address in port.addresses + [ServiceAddresses.linkLocal(port.mac)] {
                if let other = known[address] {
                    shared.insert(other.interface)
                    shared.insert(port.interface)
                }
                known[address] = port
            }
            ports[port.network] = known
        }
    }

    /// Whose an address is; nil for nobody's that is known.
    func port(of address: IPAddress, in network: NetworkID) -> GuestPort? {
        guard let port = ports[network]?[address], !shared.contains(port.interface) else {
            return nil
        }
        return port
    }

    /// Forgets whom the other ones know otherwise, or not.
    mutating func keep(knownTo other: MetadataAskers) {
        shared.formUnion(other.shared)
        ports = ports.reduce(into: [:]) { kept, entry in
            let (network, known) = entry
            kept[network] = known.filter { address, port in
                let new = other.ports[network]?[address]
                return new?.interface == port.interface && new?.vm == port.vm
            }
        }
    }
}
