public import MetaStackModel

/// The next thing to do for one image on one node.
public enum ImageStep: Sendable, Equatable {
    case none
    /// Nobody works on it and it is not there: claim and import it.
    case importImage
    /// This node's claim is left from before its restart: take it up again.
    case resumeImport
    /// Nobody wants it any more: claim and remove it, once no disk depends on it.
    case remove
}

/// Images are claimed like VMs: the record that says who works on one stands under that node's
/// lease, and goes with it.
public enum ImageRules {
    /// - Parameter lease: this node's present lease; an own claim under an older one is left over.
    public static func next(
        _ id: ImageID, me: HostID, lease: LeaseNumber, in cluster: Cluster
    ) -> ImageStep {
        guard cluster.malformed[RecordKey.image(id).path] == nil,
            cluster.malformed[RecordKey.actualImage(id).path] == nil
        else { return .none }
        let actual = cluster.actualImages[id]
        guard let desired = cluster.images[id] else {
            guard let actual, !isInUse(id, in: cluster) else { return .none }
            return isFree(actual, lease: lease, me: me) ? .remove : .none
        }
        guard let actual else { return .importImage }
        switch actual.value.state {
        case .importing:
            return actual.value.host == me && actual.lease != lease ? .resumeImport : .none
        case .ready:
            return .none
        case .failed:
            return actual.value.desiredRevision == desired.revision ? .none : .importImage
        case .deleting:
            return isFree(actual, lease: lease, me: me) ? .remove : .none
        }
    }

    /// Whether a disk was cloned from the image, or may be right now.
    public static func isInUse(_ id: ImageID, in cluster: Cluster) -> Bool {
        cluster.volumes.values.contains { $0.values.contains { $0.value.source == id } }
    }

    /// Whether no other live node is at work on it.
    private static func isFree(
        _ actual: Stored<ActualImage>, lease: LeaseNumber, me: HostID
    ) -> Bool {
        actual.lease == nil || (actual.value.host == me && actual.lease != lease)
            || actual.value.state == .failed
    }
}
