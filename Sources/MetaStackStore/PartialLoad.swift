import Etcd
public import MetaStackModel

/// Reading less than everything, and all of it side by side: what makes a list of many VMs quick.
extension ClusterStore {
    private typealias Folder = RecordKey.Folder

    /// The records of a part of the cluster, at one revision.
    ///
    /// What is not in the part is left out, so that whoever asks must not look for it.
    ///
    /// - Throws: `EtcdError`.
    public func load(_ part: ClusterPart) async throws -> Cluster {
        guard let client = client as? any BulkReads else { return try await load() }
        let folders: Set<Folder>
        switch part {
        case .everything: folders = Set(Folder.allCases)
        case .folders(let some): folders = some
        case .vmStates:
            folders = Set(Folder.allCases).subtracting([
                .volumes, .history, .arrivals, .addresses,
            ])
        }
        // One small read learns the revision that all others go by, and that etcd is there.
        let revision = try await standing().revision
        let at = Etcd.Revision(revision)
        async let owners = part == .vmStates ? vms(in: .volumes, client, at) : []
        var cluster = try await read(folders, at, client)
        cluster.revision = revision
        if part == .vmStates {
            try await completeStates(of: &cluster, owners: owners, at, client)
        }
        return cluster
    }

    /// - Parameter vms: whose volumes and histories are read; nil for all.
    private func read(
        _ folders: Set<Folder>, _ revision: Etcd.Revision, _ client: any BulkReads,
        of vms: Set<String>? = nil
    ) async throws -> Cluster {
        try await withThrowingTaskGroup(of: (Folder, Cluster).self) { group in
            for folder in folders {
                group.addTask { [layout] in
                    let range = KeyRange.children(of: layout.key(of: folder))
                    var listing = try await client.bulk(range, at: revision, keysOnly: false)
                    if let vms {
                        listing.keyValues.removeAll { !vms.contains($0.key.vm(in: folder)) }
                    }
                    return (folder, Cluster(listing, layout))
                }
            }
            var cluster = Cluster()
            for try await (folder, part) in group { cluster.take(folder, from: part) }
            return cluster
        }
    }

    /// The VMs that have records in a folder, by id.
    private func vms(
        in folder: Folder, _ client: any BulkReads, _ revision: Etcd.Revision
    ) async throws -> Set<String> {
        let range = KeyRange.children(of: layout.key(of: folder))
        let listing = try await client.bulk(range, at: revision, keysOnly: true)
        return Set(listing.keyValues.map { $0.key.vm(in: folder) })
    }

    /// Reads the volumes of VMs of which nothing else is left, and volumes and histories of those
    /// that are wanted and owned by nobody: there they say why.
    ///
    /// What nobody has run yet has neither, and so nobody reads those of thousands that run.
    private func completeStates(
        of cluster: inout Cluster, owners: Set<String>, _ revision: Etcd.Revision,
        _ client: any BulkReads
    ) async throws {
        let wanted = Set(cluster.desiredVMs.keys.map(\.text))
        let owned = Set(cluster.actualVMs.keys.map(\.text))
        let unowned = wanted.subtracting(owned)
        let vms = unowned.union(owners.subtracting(wanted).subtracting(owned))
        var folders: Set<Folder> = []
        if !vms.isDisjoint(with: owners) { folders.insert(.volumes) }
        if !unowned.isEmpty {
            let known = try await self.vms(in: .history, client, revision)
            if !unowned.isDisjoint(with: known) { folders.insert(.history) }
        }
        guard !folders.isEmpty else { return }
        let more = try await read(folders, revision, client, of: vms)
        for folder in folders { cluster.take(folder, from: more) }
    }
}

extension Cluster {
    fileprivate init(_ listing: Listing, _ layout: KeyLayout) {
        self.init()
        for keyValue in listing.keyValues { apply(RawRecord(keyValue, layout: layout)) }
    }
}

extension Key {
    /// The VM that a record is about; all of the last component where that is no id of a volume.
    fileprivate func vm(in folder: RecordKey.Folder) -> String {
        let id = lastComponent
        guard folder == .volumes, let dot = id.lastIndex(of: ".") else { return id }
        return String(id[..<dot])
    }
}
