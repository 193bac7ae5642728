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
        case .vmStates: folders = Set(Folder.allCases).subtracting([.volumes, .history, .arrivals])
        }
        // One small read learns the revision that all others go by, and that etcd is there.
        let revision = try await standing().revision
        let at = Etcd.Revision(revision)
        async let volumes = part == .vmStates ? volumeIDs(client, at) : []
        var cluster = try await read(folders, at, client)
        cluster.revision = revision
        if part == .vmStates {
            try await completeStates(of: &cluster, volumes: volumes, at, client)
        }
        return cluster
    }

    private func read(
        _ folders: Set<Folder>, _ revision: Etcd.Revision, _ client: any BulkReads
    ) async throws -> Cluster {
        try await withThrowingTaskGroup(of: (Folder, Cluster).self) { group in
            for folder in folders {
                group.addTask { [layout] in
                    let range = KeyRange.children(of: layout.key(of: folder))
                    let listing = try await client.bulk(range, at: revision, keysOnly: false)
                    return (folder, Cluster(listing, layout))
                }
            }
            var cluster = Cluster()
            for try await (folder, part) in group { cluster.take(folder, from: part) }
            return cluster
        }
    }

    private func volumeIDs(
        _ client: any BulkReads, _ revision: Etcd.Revision
    ) async throws -> [String] {
        let range = KeyRange.children(of: layout.key(of: .volumes))
        let listing = try await client.bulk(range, at: revision, keysOnly: true)
        return listing.keyValues.map(\.key.lastComponent)
    }

    /// Reads the volumes of VMs of which nothing else is left, and volumes and histories of those
    /// that are wanted and owned by nobody: there they say why.
    private func completeStates(
        of cluster: inout Cluster, volumes: [String], _ revision: Etcd.Revision,
        _ client: any BulkReads
    ) async throws {
        let unowned = Set(cluster.desiredVMs.keys).subtracting(cluster.actualVMs.keys)
        var needed: Set<Folder> = unowned.isEmpty ? [] : [.volumes, .history]
        let isLeft = volumes.contains { text in
            // What is no id of a volume is told as a record that cannot be read.
            guard let id = try? VolumeID(text) else { return true }
            return cluster.desiredVMs[id.vm] == nil && cluster.actualVMs[id.vm] == nil
        }
        if isLeft { needed.insert(.volumes) }
        guard !needed.isEmpty else { return }
        let more = try await read(needed, revision, client)
        for folder in needed { cluster.take(folder, from: more) }
    }
}

extension Cluster {
    fileprivate init(_ listing: Listing, _ layout: KeyLayout) {
        self.init()
        for keyValue in listing.keyValues { apply(RawRecord(keyValue, layout: layout)) }
    }
}
