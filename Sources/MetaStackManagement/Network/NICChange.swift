package import MetaStackModel

/// A VM's NICs with one more, or one less, so that the others stay what they are.
///
/// A NIC's MAC address comes from its place, unless its record names one; its addresses are held for
/// its place. A NIC that another's going moves to another place is therefore given both by name.
package struct NICChange {
    package let vm: VMID
    package private(set) var nics: [DesiredNIC]
    /// What the VM holds, by the NIC's place.
    private let held: [Int: [IPAddress]]

    /// - Throws: `CommandFailure` where nobody wants the VM.
    package init(_ vm: VMID, in cluster: Cluster) throws(CommandFailure) {
        guard let desired = cluster.desiredVMs[vm]?.value else {
            throw CommandFailure(.notFound, "there is no vm \(vm.text.quotedForPeople)")
        }
        self.vm = vm
        let nics = desired.nics
        self.nics = nics
        let isOwned = cluster.actualVMs[vm] != nil
        held = cluster.addresses.held(by: vm).reduce(into: [:]) { held, entry in
            let known = nics.indices.first {
                Self.mac($0, of: vm, nics) == entry.held.value.mac
            }
            // Of a running guest the place may be that of a NIC which it has not let go yet.
            guard let place = known ?? (isOwned ? nil : entry.held.value.nic) else { return }
            held[place, default: []].append(entry.id.address)
        }
    }

    package func mac(_ place: Int) -> MACAddress { Self.mac(place, of: vm, nics) }

    private static func mac(_ place: Int, of vm: VMID, _ nics: [DesiredNIC]) -> MACAddress {
        nics[place].mac ?? MACAddress(vm: vm, nic: place)
    }

    /// The addresses of a NIC: those that it holds, or else asks for.
    package func addresses(_ place: Int) -> [IPAddress] {
        held[place]?.sorted() ?? nics[place].addresses
    }

    /// Puts a NIC behind the others.
    package mutating func attach(_ nic: DesiredNIC) {
        var nic = nic
        let taken = Set(nics.indices.map(mac))
        let derived = MACAddress(vm: vm, nic: nics.count)
        if nic.mac == nil, taken.contains(derived) {
            nic.mac = (0..<64).map { MACAddress(vm: vm, nic: $0) }.first { !taken.contains($0) }
        }
        nics.append(nic)
    }

    /// - Parameter text: its place from 0, its MAC address, or its network where no other is in it.
    /// - Throws: `CommandFailure`.
    package func place(
        of text: String, in cluster: Cluster
    ) throws(CommandFailure) -> Int {
        if let place = Int(text), nics.indices.contains(place) { return place }
        let found = nics.indices.filter { place in
            mac(place).description == text.lowercased()
                || nics[place].network.map { $0 == text || cluster.networkWord($0) == text } == true
        }
        guard let only = found.first else {
            throw CommandFailure(
                .notFound,
                "the vm has no nic \(text.quotedForPeople), "
                    + (nics.isEmpty ? "it has none" : "it has 0 to \(nics.count - 1)"))
        }
        guard found.count == 1 else {
            throw CommandFailure(
                .usage,
                "\(found.count) nics are in network \(text), say which by its number: "
                    + found.map(String.init).joined(separator: ", "))
        }
        return only
    }

    package mutating func detach(_ place: Int) {
        for later in nics.indices where later > place {
            let (mac, addresses) = (mac(later), addresses(later))
            nics[later].mac = mac
            if nics[later].network != nil { nics[later].addresses = addresses }
        }
        nics.remove(at: place)
    }

    /// As a JSON Merge Patch of the VM's record.
    package var patch: JSONValue {
        get throws { .object(["nics": .array(try nics.map { try JSONValue($0) })]) }
    }
}
