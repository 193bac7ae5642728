package import MetaStackModel

/// All that the cluster knows of one VM, gathered for showing.
package struct VMOverview: Sendable {
    package let id: VMID
    package let desired: Stored<DesiredVM>?
    package let claim: Stored<ActualVM>?
    package let volumes: [VolumeID: Stored<Volume>]
    package let history: Stored<VMHistory>?
    /// A record of the VM that cannot be read.
    package let malformed: MalformedRecord?

    package init(_ id: VMID, in cluster: Cluster) {
        self.id = id
        desired = cluster.desiredVMs[id]
        claim = cluster.actualVMs[id]
        volumes = cluster.volumes[id] ?? [:]
        history = cluster.histories[id]
        malformed =
            cluster.malformed[RecordKey.desiredVM(id).path]
            ?? cluster.malformed[RecordKey.actualVM(id).path]
    }

    /// What people call it; its id where its name is not known.
    package var name: String { desired?.value.name.text ?? id.text }

    /// By name, then by id.
    package static func all(in cluster: Cluster) -> [VMOverview] {
        // Names are put in order by themselves: the rest of a VM is large to move about.
        cluster.vmIDs.map { (cluster.desiredVMs[$0]?.value.name.text ?? $0.text, $0) }
            .sorted { $0 < $1 }.map { VMOverview($0.1, in: cluster) }
    }
}
