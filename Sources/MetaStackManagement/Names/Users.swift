package import MetaStackModel

extension Cluster {
    /// The VMs that use an image, by name: those that ask for it, and those with a disk that was
    /// cloned from it.
    package func users(of id: ImageID) -> [String] {
        let name = images[id]?.value.name.text
        let wanting = desiredVMs.filter {
            $0.value.value.image == id.text || name != nil && $0.value.value.image == name
        }
        let cloned = volumes.filter { $0.value.values.contains { $0.value.source == id } }
        return names(of: Set(wanting.keys).union(cloned.keys))
    }

    /// The VMs that use a flavour, by name.
    package func users(of id: FlavourID) -> [String] {
        let name = flavours[id]?.value.name.text
        let wanting = desiredVMs.filter {
            $0.value.value.flavour == id.text || name != nil && $0.value.value.flavour == name
        }
        return names(of: Set(wanting.keys))
    }

    /// The VMs that an SSH key may log in to, by name.
    package func users(of id: SSHKeyID) -> [String] {
        let wanting = desiredVMs.filter {
            $0.value.value.cloudInit?.sshKeys.contains(id) == true
        }
        return names(of: Set(wanting.keys))
    }

    /// The VMs that hang on a network, by name: those that ask for it, and those that hold an address
    /// of it.
    package func users(of id: NetworkID) -> [String] {
        let name = networks[id]?.value.name.text
        let wanting = desiredVMs.filter { _, vm in
            vm.value.nics.contains {
                $0.network == id.text || name != nil && $0.network == name
            }
        }
        return names(of: Set(wanting.keys).union(addresses[id].values.map(\.value.vm)))
    }

    /// The VMs with a NIC in a security group, by name.
    package func users(of id: SecurityGroupID) -> [String] {
        let name = securityGroups[id]?.value.name.text
        return vms { vm in
            vm.nics.contains { nic in
                nic.securityGroups.contains { $0 == id.text || name != nil && $0 == name }
            }
        }
    }

    /// The security groups with a rule that names one, by name.
    package func groups(naming reference: String) -> [String] {
        securityGroups.values.map(\.value).filter { group in
            group.rules.contains { $0.remote == .group(reference) }
        }.map(\.name.text).sorted()
    }

    /// The VMs of which something is so, by name.
    func vms(_ isSo: (DesiredVM) -> Bool) -> [String] {
        desiredVMs.values.map(\.value).filter(isSo).map(\.name.text).sorted()
    }

    private func names(of ids: Set<VMID>) -> [String] {
        ids.map { desiredVMs[$0]?.value.name.text ?? $0.text }.sorted()
    }
}

extension CommandFailure {
    /// - Parameters:
    ///   - users: their names, in order.
    ///   - noun: what they are.
    package static func inUse(
        _ what: String, by users: [String], noun: String = "vm"
    ) -> CommandFailure {
        let shown = users.prefix(10).joined(separator: ", ")
        let more = users.count > 10 ? " and \(users.count - 10) more" : ""
        let noun = users.count == 1 ? noun : noun + "s"
        return CommandFailure(
            .conflict, "\(what) is in use by \(noun) \(shown)\(more), delete those first")
    }
}
