public import MetaStackModel

/// How much of the cluster a reader needs.
public enum ClusterPart: Sendable, Equatable {
    case everything
    case folders(Set<RecordKey.Folder>)
    /// What a table of all VMs shows: volumes and histories only of VMs whose state they decide.
    case vmStates
}
