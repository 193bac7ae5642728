public import MetaStackModel

extension ActualVM {
    /// The NICs of its guest in order, also where the claim tells of their MAC addresses alone.
    public func guestNICs(of vm: VMID) -> [ActualNIC] {
        let known =
            nics.isEmpty
            ? macs.enumerated().map { ActualNIC(mac: $1, interface: .tap(of: vm, nic: $0)) } : nics
        return known.enumerated().map { place, nic in
            var nic = nic
            nic.interface = nic.interface ?? .tap(of: vm, nic: place)
            return nic
        }
    }
}

extension Cluster {
    /// The NIC of a VM's record that one of its guest is; nil where the record asks for it no more.
    ///
    /// A network that a record names and that is there no more counts as the one that it was.
    public func wish(behind nic: ActualNIC, of vm: VMID) -> DesiredNIC? {
        desiredVMs[vm]?.value.nics.enumerated().first { place, wish in
            guard nic.mac == wish.mac ?? MACAddress(vm: vm, nic: place) else { return false }
            guard let name = wish.network else { return nic.network == nil }
            guard let id = try? network(name).id else { return nic.network != nil }
            return id == nic.network
        }?.element
    }
}
