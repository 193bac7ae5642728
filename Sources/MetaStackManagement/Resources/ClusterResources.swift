import MetaStackModel

extension Cluster {
    func vmResources() throws -> [Resource] {
        lazy var reasons = PendingReasons(self)
        return try vmIDs.map { id in
            let vm = VMOverview(id, in: self)
            return try resource(vm, VMStatus(vm, pending: reasons))
        }
    }

    func resource(_ id: VMID) throws -> Resource {
        let vm = VMOverview(id, in: self)
        return try resource(vm, VMStatus(id, in: self))
    }

    private func resource(_ vm: VMOverview, _ status: VMStatus) throws -> Resource {
        Resource(
            kind: .vm, id: vm.id.text, name: vm.name, labels: vm.desired?.value.labels ?? [:],
            status: status.word.rawValue, revision: vm.desired?.revision,
            document: { try vm.document(status) })
    }

    func resource(_ id: ImageID) throws -> Resource {
        let image = images[id]
        return Resource(
            kind: .image, id: id.text, name: image?.value.name.text ?? id.text,
            labels: image?.value.labels ?? [:], status: ImageStatus(id, in: self).word.rawValue,
            revision: image?.revision, document: { try self.document(of: id) })
    }

    func resource(_ id: FlavourID) throws -> Resource {
        let flavour = flavours[id]
        return Resource(
            kind: .flavour, id: id.text, name: flavour?.value.name.text ?? id.text,
            labels: flavour?.value.labels ?? [:], status: nil, revision: flavour?.revision,
            document: { try self.document(of: id) })
    }

    func resource(_ id: SSHKeyID) throws -> Resource {
        let key = sshKeys[id]
        return Resource(
            kind: .sshKey, id: id.text, name: id.text, labels: key?.value.labels ?? [:],
            status: nil, revision: key?.revision, document: { try self.document(of: id) })
    }

    func resource(_ id: HostID) throws -> Resource {
        let wanted = desiredHosts[id]
        return Resource(
            kind: .host, id: id.text, name: id.text,
            labels: (hosts[id]?.value.labels ?? [:]).merging(wanted?.value.labels ?? [:]) { $1 },
            status: HostStatus(id, in: self).rawValue, revision: wanted?.revision,
            document: { try self.document(of: id) })
    }

    /// - Parameter text: of a volume that is there.
    func volumeResource(_ text: String) throws -> Resource {
        let id = VolumeID(known: text, in: self)
        let volume = id.flatMap { volumes[$0.vm]?[$0] }
        let vm = id.map { VMOverview($0.vm, in: self).name }
        let state = volume.map { $0.value.provisioned ? "provisioned" : "being made" }
        return Resource(
            kind: .volume, id: text, name: zip(vm, id).map { "\($0).\($1.disk)" } ?? text,
            labels: [:], status: state ?? "malformed", revision: volume?.revision,
            document: {
                .object([
                    "id": .string(text), "vm": JSONValue(vm), "status": JSONValue(state),
                    "message": JSONValue(malformed["volumes/\(text)"]?.description),
                    "actual": try JSONValue(volume),
                ])
            })
    }

    func configResource(_ name: String) throws -> Resource {
        let stored: (revision: Revision?, document: JSONValue)
        switch RecordKey.globalConfig(name) {
        case TakeoverSwitch.key: stored = try Self.described(takeoverSwitch)
        case MoveLimits.key: stored = try Self.described(moveLimits)
        case RebalancePolicy.key: stored = try Self.described(rebalancePolicy)
        case SyslogServer.key: stored = try Self.described(syslogServer)
        default: stored = try Self.described(globalConfig[name])
        }
        let message = malformed[RecordKey.globalConfig(name).path]?.description
        return Resource(
            kind: .config, id: name, name: name, labels: [:],
            status: message == nil ? nil : "malformed", revision: stored.revision,
            document: {
                .object([
                    "id": .string(name), "name": .string(name), "message": JSONValue(message),
                    "desired": stored.document,
                ])
            })
    }

    private static func described(
        _ stored: Stored<some Record>?
    ) throws -> (revision: Revision?, document: JSONValue) {
        (stored?.revision, try JSONValue(stored))
    }

    /// By id, and by the VM's name and the disk's.
    var volumeNames: NameLookup<ResourceName> {
        let read = volumes.values.flatMap(\.keys).map { id in
            (
                ResourceName(unchecked: id.description),
                Optional("\(VMOverview(id.vm, in: self).name).\(id.disk)")
            )
        }
        return NameLookup(
            kind: "volume", known: read + unread(in: .volumes).map { ($0, nil) })
    }

    /// The settings that there are.
    var configNames: NameLookup<ResourceName> {
        var names = Set(globalConfig.keys)
        for (key, isThere) in [
            (TakeoverSwitch.key, takeoverSwitch != nil), (MoveLimits.key, moveLimits != nil),
            (RebalancePolicy.key, rebalancePolicy != nil),
            (SyslogServer.key, syslogServer != nil),
        ] where isThere {
            names.insert(key.components[1])
        }
        let known = Set(names.map { ResourceName(unchecked: $0) })
            .union(unread(in: .globalConfig))
        return NameLookup(kind: "config", known: known.map { ($0, $0.text) })
    }

    /// Records of a folder that cannot be read, by what stands behind the folder.
    private func unread(in folder: RecordKey.Folder) -> [ResourceName] {
        malformed.keys.compactMap { path in
            guard path.hasPrefix(folder.rawValue + "/") else { return nil }
            return ResourceName(unchecked: String(path.dropFirst(folder.rawValue.count + 1)))
        }
    }
}

extension VolumeID {
    /// nil where no volume has this id.
    fileprivate init?(known text: String, in cluster: Cluster) {
        guard
            let id = cluster.volumes.values.lazy.flatMap(\.keys)
                .first(where: { $0.description == text })
        else { return nil }
        self = id
    }
}

/// Both, where both are there.
private func zip<A, B>(_ a: A?, _ b: B?) -> (A, B)? {
    guard let a, let b else { return nil }
    return (a, b)
}
