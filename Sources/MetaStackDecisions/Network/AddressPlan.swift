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

    /// Whether MetaStack has anything to do with the NICs but to put them on the node's bridge.
    public var hasNetworks: Bool { nics.contains { $0.network != nil } }

    /// - Parameters:
    ///   - created: the create revision of the VM's desired record.
    ///   - taken: addresses that other VMs are about to get.
    /// - Throws: `VMPlan.Impossible` where an address that is asked for is none of its network's, or
    ///   another VM's, or where a network has none left.
    public init(
        _ wanted: [WantedNIC], of vm: VMID, created: Revision, in cluster: Cluster,
        taken: Set<AddressID> = []
    ) throws(VMPlan.Impossible) {
        let held = cluster.addresses.held(by: vm)
        guard held.allSatisfy({ $0.held.value.vmCreateRevision == created }) else {
            throw VMPlan.Impossible(
                description: "addresses of an earlier VM under this id are being given back")
        }
        var choice = Choice(
            vm: vm, cluster: cluster, held: Dictionary(uniqueKeysWithValues: held), taken: taken)
        for nic in wanted { try choice.reserve(nic) }
        nics = []
        for nic in wanted {
            nics.append(
                ActualNIC(
                    network: nic.network?.id, mac: nic.mac,
                    addresses: try choice.addresses(of: nic),
                    interface: .tap(of: vm, nic: nic.place)))
        }
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

    /// The same without what is not the VM's yet, for a guest that runs already.
    public func keepingWhatIsHeld() -> AddressPlan {
        let new = new
        var plan = self
        plan.changes = []
        for place in nics.indices {
            guard let network = nics[place].network else { continue }
            plan.nics[place].addresses.removeAll {
                new.contains(AddressID(network: network, address: $0))
            }
        }
        return plan
    }
}

/// Addresses as they are given to one NIC after the other.
private struct Choice {
    let vm: VMID
    let cluster: Cluster
    let held: [AddressID: Stored<HeldAddress>]
    let taken: Set<AddressID>
    /// What the VM's NICs have by now.
    var given: [AddressID: AddressPlan.Holder] = [:]

    /// Sees to the addresses that are asked for by name, before any others are chosen.
    mutating func reserve(_ nic: WantedNIC) throws(VMPlan.Impossible) {
        guard let network = nic.network else { return }
        for address in nic.wish.addresses {
            let id = AddressID(network: network.id, address: address)
            if let problem = network.record.problem(withGuest: address) ?? owner(of: id) {
                throw VMPlan.Impossible(description: "NIC \(nic.place): \(problem)")
            }
            if let other = given[id] {
                throw VMPlan.Impossible(
                    description: "its NICs \(other.nic) and \(nic.place) ask for the same address "
                        + "\(address)")
            }
            given[id] = AddressPlan.Holder(nic: nic.place, mac: nic.mac)
        }
    }

    /// Why somebody else has an address; nil where nobody has.
    private func owner(of id: AddressID) -> String? {
        if let problem = malformed(id) { return problem.description }
        guard let other = cluster.addresses[id]?.value.vm, other != vm else { return nil }
        let name = cluster.desiredVMs[other]?.value.name.text ?? other.text
        return "\(id.address) is held by VM \(name)"
    }

    /// Whose an address is that is on record and cannot be read is not known: it is nobody else's.
    private func malformed(_ id: AddressID) -> MalformedRecord? {
        cluster.malformed.isEmpty ? nil : cluster.malformed[RecordKey.address(id).path]
    }

    mutating func addresses(of nic: WantedNIC) throws(VMPlan.Impossible) -> [IPAddress] {
        guard let network = nic.network else { return [] }
        var addresses: [IPAddress] = []
        for family in network.record.givenFamilies {
            let asked = nic.wish.addresses.filter { $0.family == family }
            if asked.isEmpty {
                addresses.append(try address(family, of: nic, network))
            } else {
                addresses += asked
            }
        }
        return addresses
    }

    private mutating func address(
        _ family: IPAddress.Family, of nic: WantedNIC, _ network: WantedNIC.Reference
    ) throws(VMPlan.Impossible) -> IPAddress {
        guard
            let address = kept(family, of: nic, network)
                ?? FreeAddress.first(
                    in: network.record.dynamicRanges(family), for: vm, nic: nic.place,
                    isHeld: { isUsed(AddressID(network: network.id, address: $0)) })
        else { throw exhausted(family, network.record) }
        given[AddressID(network: network.id, address: address)] = AddressPlan.Holder(
            nic: nic.place, mac: nic.mac)
        return address
    }

    private func isUsed(_ id: AddressID) -> Bool {
        cluster.addresses[id] != nil || taken.contains(id) || given[id] != nil
            || malformed(id) != nil
    }

    /// What the NIC has already, as long as its network goes on having it.
    private func kept(
        _ family: IPAddress.Family, of nic: WantedNIC, _ network: WantedNIC.Reference
    ) -> IPAddress? {
        held.filter { id, held in
            id.network == network.id && id.address.family == family
                && held.value.nic == nic.place && given[id] == nil
                && network.record.problem(withGuest: id.address) == nil
        }.keys.min()?.address
    }

    private func exhausted(
        _ family: IPAddress.Family, _ network: Network
    ) -> VMPlan.Impossible {
        let subnets = network.subnets.filter { $0.prefix.family == family }
        let count = FreeAddress.count(of: network.dynamicRanges(family))
        let translated = family == .ipv4 ? network.nat64.map { ["\($0.ipv4)"] } : nil
        let whole =
            (translated
            ?? subnets.flatMap { subnet in
                subnet.ranges.isEmpty ? ["\(subnet.prefix)"] : subnet.ranges.map(\.description)
            }).joined(separator: ", ")
        return VMPlan.Impossible(
            description: count == 0
                ? "network \(network.name) has no \(family) addresses for guests in \(whole)"
                : "network \(network.name) has no free \(family) address: all \(count) of \(whole) "
                    + "are held")
    }

    /// What is not on record as it shall be.
    var changes: [AddressPlan.Change] {
        let new = given.compactMap { id, holder -> AddressPlan.Change? in
            let known = held[id]
            guard known?.value.nic != holder.nic || known?.value.mac != holder.mac else {
                return nil
            }
            return AddressPlan.Change(id: id, holder: holder, known: known?.revision)
        }
        let superfluous = held.filter { given[$0.key] == nil }.map {
            AddressPlan.Change(id: $0.key, holder: nil, known: $0.value.revision)
        }
        return (new + superfluous).sorted { $0.id < $1.id }
    }
}
