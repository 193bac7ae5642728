package import MetaStackModel

/// The record that says what is wanted of something, as it stands in etcd.
package struct DesiredRecord: Sendable, Equatable {
    package let record: JSONValue
    package let revision: Revision
    package let createRevision: Revision
    let name: String?

    fileprivate init?(_ stored: Stored<some Record>?, name: String? = nil) {
        // A record that was read can be written again.
        guard let stored, let record = try? JSONValue(stored.value) else { return nil }
        self.record = record
        revision = stored.revision
        createRevision = stored.createRevision
        self.name = name
    }
}

extension Cluster {
    /// What is wanted of something; nil where nobody wants anything of it, or it cannot be read.
    package func desiredRecord(_ kind: ResourceKind, _ id: String) -> DesiredRecord? {
        switch kind {
        case .vm:
            let vm = desiredVMs[VMID(unchecked: id)]
            return DesiredRecord(vm, name: vm?.value.name.text)
        case .image:
            let image = images[ImageID(unchecked: id)]
            return DesiredRecord(image, name: image?.value.name.text)
        case .flavour:
            let flavour = flavours[FlavourID(unchecked: id)]
            return DesiredRecord(flavour, name: flavour?.value.name.text)
        case .host: return DesiredRecord(desiredHosts[HostID(unchecked: id)])
        case .volume, .address: return nil
        case .network:
            let network = networks[NetworkID(unchecked: id)]
            return DesiredRecord(network, name: network?.value.name.text)
        case .securityGroup:
            let group = securityGroups[SecurityGroupID(unchecked: id)]
            return DesiredRecord(group, name: group?.value.name.text)
        case .sshKey: return DesiredRecord(sshKeys[SSHKeyID(unchecked: id)])
        case .config:
            switch RecordKey.globalConfig(id) {
            case TakeoverSwitch.key: return DesiredRecord(takeoverSwitch)
            case MoveLimits.key: return DesiredRecord(moveLimits)
            case RebalancePolicy.key: return DesiredRecord(rebalancePolicy)
            case SyslogServer.key: return DesiredRecord(syslogServer)
            default: return DesiredRecord(globalConfig[id])
            }
        }
    }

    /// The VMs that use something, by name.
    package func users(of kind: ResourceKind, _ id: String) -> [String] {
        switch kind {
        case .image: users(of: ImageID(unchecked: id))
        case .flavour: users(of: FlavourID(unchecked: id))
        case .sshKey: users(of: SSHKeyID(unchecked: id))
        case .network: users(of: NetworkID(unchecked: id))
        case .securityGroup: users(of: SecurityGroupID(unchecked: id))
        case .vm, .host, .volume, .address, .config: []
        }
    }
}
