public import MetaStackModel

/// A NIC that somebody wants, with its references followed.
public struct WantedNIC: Sendable, Equatable {
    /// Its place among the VM's NICs, from 0.
    public var place: Int
    /// The one that the record names, else the one that is derived from the VM and the place.
    public var mac: MACAddress
    /// nil where it hangs on the bridge that the node's configuration names.
    public var network: Reference?
    public var groups: [SecurityGroupID]
    public var wish: DesiredNIC

    public struct Reference: Sendable, Equatable {
        public var id: NetworkID
        public var record: Network
    }

    /// Follows the references of all NICs of a VM.
    ///
    /// - Throws: `VMPlan.Impossible` where a network or a security group is missing, ambiguous or
    ///   cannot be read, or where two NICs on one network have the same MAC address.
    public static func all(
        of vm: VMID, _ wishes: [DesiredNIC], in cluster: Cluster
    ) throws(VMPlan.Impossible) -> [WantedNIC] {
        var nics: [WantedNIC] = []
        for (place, wish) in wishes.enumerated() {
            let nic = try WantedNIC(vm, place, wish, in: cluster)
            if let twin = nics.first(where: {
                $0.mac == nic.mac && $0.network?.id == nic.network?.id
            }) {
                throw VMPlan.Impossible(
                    description: "its NICs \(twin.place) and \(place) have the same MAC address "
                        + "\(nic.mac)")
            }
            nics.append(nic)
        }
        return nics
    }

    private init(
        _ vm: VMID, _ place: Int, _ wish: DesiredNIC, in cluster: Cluster
    ) throws(VMPlan.Impossible) {
        self.place = place
        self.wish = wish
        mac = wish.mac ?? MACAddress(vm: vm, nic: place)
        network = nil
        groups = []
        guard wish.network != nil || !wish.securityGroups.isEmpty else { return }
        do throws(UnresolvedReference) {
            if let name = wish.network {
                let (id, stored) = try cluster.network(name)
                network = Reference(id: id, record: stored.value)
            }
            for name in wish.securityGroups {
                groups.append(try cluster.securityGroup(name).id)
            }
        } catch {
            throw VMPlan.Impossible(
                description: "NIC \(place): \(cluster.unreadable(error) ?? error.description)")
        }
    }
}

extension Cluster {
    /// What is wrong with the record that a reference means, where it is there and cannot be read.
    fileprivate func unreadable(_ reference: UnresolvedReference) -> String? {
        [RecordKey.Folder.networks, .securityGroups].lazy.compactMap {
            malformed["\($0.rawValue)/\(reference.name)"]?.description
        }.first
    }
}
