import MetaStackModel

/// Addresses as they are given to one NIC after the other.
struct AddressChoice {
    let vm: VMID
    let cluster: Cluster
    let held: [AddressID: Stored<HeldAddress>]
    let taken: Set<AddressID>
    /// The VM's own, as long as a NIC has them that it is to lose.
    let leaving: Set<AddressID>
    /// All NICs that are wanted.
    let wanted: [WantedNIC]
    /// What the VM's NICs have by now.
    var given: [AddressID: AddressPlan.Holder] = [:]

    /// What a guest's NIC has it keeps; its place may be another one by now.
    mutating func keep(_ there: ActualNIC, of nic: WantedNIC) throws(VMPlan.Impossible) {
        for id in there.held {
            if let problem = owner(of: id) {
                throw VMPlan.Impossible(description: "NIC \(nic.place): \(problem)")
            }
            given[id] = AddressPlan.Holder(nic: nic.place, mac: nic.mac)
        }
    }

    /// Sees to the addresses that are asked for by name, before any others are chosen.
    mutating func reserve(_ nic: WantedNIC) throws(VMPlan.Impossible) {
        guard let network = nic.network else { return }
        for address in nic.wish.addresses {
            let id = AddressID(network: network.id, address: address)
            if let problem = network.record.problem(withGuest: address) ?? owner(of: id) {
                throw VMPlan.Impossible(description: "NIC \(nic.place): \(problem)")
            }
            guard !leaving.contains(id) else {
                throw VMPlan.Impossible(
                    description:
                        "NIC \(nic.place): \(address) is still that of a NIC which the guest "
                        + "has not let go")
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
                ?? superfluous(family, network)
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
        let own = spare(family, network)
        return
            (own.filter { $0.value.value.mac == nic.mac }.keys.min()
            ?? own.filter {
                $0.value.value.nic == nic.place && !isWanted($0.value.value.mac, on: network.id)
            }.keys
            .min())?.address
    }

    /// What the VM holds of a network and none of its NICs has got so far.
    private func spare(
        _ family: IPAddress.Family, _ network: WantedNIC.Reference
    ) -> [AddressID: Stored<HeldAddress>] {
        held.filter { id, _ in
            id.network == network.id && id.address.family == family && given[id] == nil
                && !leaving.contains(id) && network.record.problem(withGuest: id.address) == nil
        }
    }

    /// What the VM would give back, where nothing else is left.
    private func superfluous(
        _ family: IPAddress.Family, _ network: WantedNIC.Reference
    ) -> IPAddress? {
        spare(family, network).filter { !isWanted($0.value.value.mac, on: network.id) }.keys.min()?
            .address
    }

    /// Whether a NIC is wanted whose address this one is.
    private func isWanted(_ mac: MACAddress, on network: NetworkID) -> Bool {
        wanted.contains { $0.mac == mac && $0.network?.id == network }
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
        let superfluous = held.filter { given[$0.key] == nil && !leaving.contains($0.key) }.map {
            AddressPlan.Change(id: $0.key, holder: nil, known: $0.value.revision)
        }
        return (new + superfluous).sorted { $0.id < $1.id }
    }
}
