public import MetaStackModel

/// The next thing to do for one image on one node.
public enum ImageStep: Sendable, Equatable {
    case none
    /// It is wanted and not there, and nobody alive works on it: claim and import it.
    case importImage
    /// It is wanted, and the last attempt failed in a way that may pass: try again after a while.
    case retryImport
    /// Nobody wants it any more and no disk depends on it: claim and remove it.
    case remove
}

/// Images are claimed like VMs, by a transaction on the record that says who works on one.
public enum ImageRules {
    /// - Parameter lease: this node's present lease, so that it does not wait for its former self.
    public static func next(
        _ id: ImageID, me: HostID, lease: LeaseNumber, in cluster: Cluster
    ) -> ImageStep {
        guard cluster.malformed[RecordKey.image(id).path] == nil,
            cluster.malformed[RecordKey.actualImage(id).path] == nil
        else { return .none }
        guard let desired = cluster.images[id] else {
            return superfluous(id, me: me, lease: lease, in: cluster)
        }
        guard let actual = cluster.actualImages[id]?.value else { return .importImage }
        switch actual.state {
        case .ready:
            return .none
        case .importing:
            return isWorkedOn(actual, in: cluster) ? .none : .importImage
        case .deleting:
            return isWorkedOn(actual, in: cluster) ? .none : .remove
        case .failed:
            if actual.desiredRevision != desired.revision { return .importImage }
            return actual.retry ? .retryImport : .none
        }
    }

    private static func superfluous(
        _ id: ImageID, me: HostID, lease: LeaseNumber, in cluster: Cluster
    ) -> ImageStep {
        guard let actual = cluster.actualImages[id]?.value else { return .none }
        let isOthers = isWorkedOn(actual, in: cluster) && actual.state == .deleting
        return isOthers || isInUse(id, in: cluster) ? .none : .remove
    }

    /// Whether a disk was cloned from the image, or may be right now.
    public static func isInUse(_ id: ImageID, in cluster: Cluster) -> Bool {
        cluster.volumes.values.contains { $0.values.contains { $0.value.source == id } }
    }

    /// Whether the session that works on it still lives.
    static func isWorkedOn(_ actual: ActualImage, in cluster: Cluster) -> Bool {
        cluster.hosts[actual.host]?.value.lease == actual.lease
    }

    /// The nodes that may work on an image, the one that shall try first in front.
    public static func candidates(for id: ImageID, in cluster: Cluster) -> [HostID] {
        let order = Placement.order(of: VMID(unchecked: id.text))
        return cluster.hosts.keys
            .map { (weight: Placement.weight(of: $0, in: order), host: $0) }
            .sorted { ($0.weight, $0.host) > ($1.weight, $1.host) }
            .map(\.host)
    }
}
