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

    private func names(of ids: Set<VMID>) -> [String] {
        ids.map { desiredVMs[$0]?.value.name.text ?? $0.text }.sorted()
    }
}

extension CommandFailure {
    /// - Parameter users: the VMs' names, in order.
    package static func inUse(_ what: String, by users: [String]) -> CommandFailure {
        let shown = users.prefix(10).joined(separator: ", ")
        let more = users.count > 10 ? " and \(users.count - 10) more" : ""
        let noun = users.count == 1 ? "vm" : "vms"
        return CommandFailure(
            .conflict, "\(what) is in use by \(noun) \(shown)\(more), delete those first")
    }
}
