public import MetaStackModel

/// What the NICs of a VM get, and what has to be put on record for it.
///
/// An address is a VM's from its first claim until the VM is deleted, or until its record asks for
/// another one. A record `addresses/<network>/<address>` says so; two nodes cannot both make it.
public struct AddressPlan: Sendable, Equatable {
    /// In order, all of the VM's.
    public var nics: [ActualNIC]
    /// In order of their addresses.
    public var changes: [Change]

    /// What is to become of one address's record.
    public struct Change: Sendable, Equatable {
        public var id: AddressID
        /// The NIC that gets the address; nil where the VM gives it back.
        public var holder: Holder?
        /// The record's revision; nil where there must be none.
        public var known: Revision?
    }

    public struct Holder: Sendable, Equatable {
        public var nic: Int
        public var mac: MACAddress

        public init(nic: Int, mac: MACAddress) {
            self.nic = nic
            self.mac = mac
        }
    }

    /// How many records of addresses one claim may change: etcd takes 128 operations in a
    /// transaction (`--max-txn-ops`).
    public static let mostChanges = 100

    /// Whether their MAC addresses say all: they hang on the node's bridge, by the names that their
    /// places give them.
    public func isPlain(of vm: VMID) -> Bool {
        nics.enumerated().allSatisfy {
            $1.network == nil && $1.interface == .tap(of: vm, nic: $0)
        }
    }

    /// - Parameters:
    ///   - created: the create revision of the VM's desired record.
    ///   - taken: addresses that other VMs are about to get.
    ///   - present: what a running guest's NICs have, by their place: that stays, whatever the record
    ///     asks for by now.
    ///   - leaving: NICs of a running guest that its record asks for no more: what they have is theirs.
    /// - Throws: `VMPlan.Impossible` where an address that is asked for is none of its network's, or
    ///   another VM's, or where a network has none left.
    public init(
        _ wanted: [WantedNIC], of vm: VMID, created: Revision, in cluster: Cluster,
        taken: Set<AddressID> = [], present: [Int: ActualNIC] = [:], leaving: [ActualNIC] = []
    ) throws(VMPlan.Impossible) {
        let held = cluster.addresses.held(by: vm)
        guard held.allSatisfy({ $0.held.value.vmCreateRevision == created }) else {
            throw VMPlan.Impossible(
                description: "addresses of an earlier VM under this id are being given back")
        }
        var choice = AddressChoice(
            vm: vm, cluster: cluster, held: Dictionary(uniqueKeysWithValues: held), taken: taken,
            leaving: Set(leaving.flatMap(\.held)), wanted: wanted)
        for nic in wanted {
            if let there = present[nic.place] {
                try choice.keep(there, of: nic)
            } else {
                try choice.reserve(nic)
            }
        }
        nics = []
        for nic in wanted {
            if let there = present[nic.place] {
                nics.append(there)
                continue
            }
            nics.append(
                ActualNIC(
                    network: nic.network?.id, mac: nic.mac,
                    addresses: try choice.addresses(of: nic),
                    interface: .tap(of: vm, nic: nic.place)))
        }
        nics += leaving
        changes = choice.changes
        guard changes.count <= Self.mostChanges else {
            throw VMPlan.Impossible(
                description: "its NICs ask for \(changes.count) addresses, a VM gets at most "
                    + "\(Self.mostChanges) at once")
        }
    }

    /// The addresses that become the VM's.
    public var new: Set<AddressID> {
        Set(changes.filter { $0.holder != nil && $0.known == nil }.map(\.id))
    }

    /// The NICs before anybody has looked for addresses.
    init(unaddressed wanted: [WantedNIC], of vm: VMID) {
        nics = wanted.map { nic in
            ActualNIC(
                network: nic.network?.id, mac: nic.mac, interface: .tap(of: vm, nic: nic.place))
        }
        changes = []
    }
}

extension AddressPlan {
    /// The NICs that a guest has which runs already under no claim: what it was given it has, whatever the
    /// record asks for by now, and what it has not it gets later.
    ///
    /// - Returns: nil where nobody knows any more on which network one of them is.
    public func following(
        _ domain: LocalDomain, of vm: VMID, in cluster: Cluster
    ) -> AddressPlan? {
        var plan = self
        plan.changes = []
        plan.nics = []
        let held = cluster.addresses.held(by: vm)
        for nic in domain.nics {
            let own = held.filter { $0.held.value.mac == nic.mac }
            let networks = Set(own.map(\.id.network))
            if let network = networks.first, networks.count == 1 {
                plan.nics.append(
                    ActualNIC(
                        network: network, mac: nic.mac, addresses: own.map(\.id.address).sorted(),
                        interface: nic.interface))
                continue
            }
            // One that is on a network which gives addresses has none of it: it is another one.
            let wished = nics.first { wish in
                wish.mac == nic.mac
                    && wish.network.map { cluster.networks[$0]?.value.families.isEmpty == true }
                        ?? true
            }
            guard var found = wished, networks.isEmpty else { return nil }
            found.addresses = []
            found.interface = nic.interface
            plan.nics.append(found)
        }
        return plan
    }
}

extension ActualNIC {
    /// What it holds of its network.
    var held: [AddressID] {
        guard let network else { return [] }
        return addresses.map { AddressID(network: network, address: $0) }
    }
}
