public import MetaStackModel

/// Finds out what lies in the storage that no record knows: what a crash, a record deleted by hand, or
/// an etcd out of a backup left behind.
///
/// An image is recorded before it is made and until it is gone, but a list of images and the records are
/// never of one moment. So only what two looks in a row have seen counts.
public struct StorageSurvey: Sendable {
    private var images: Set<String> = []
    private var evictions: Set<StorageClient> = []

    public init() {}

    /// - Parameters:
    ///   - listed: all images of each pool that this node uses.
    ///   - cluster: the records, read after the list.
    /// - Returns: those that no record knows, as `pool/image`.
    public mutating func observe(
        images listed: [PoolName: [String]], in cluster: Cluster
    ) -> [String] {
        let known = Self.knownImages(cluster)
        let unread = Self.unreadOwners(cluster)
        let unknown = listed.flatMap { pool, names in
            names.filter { name in
                Self.isOurs(name) && !known.contains(name)
                    && !unread.contains { name.hasPrefix($0 + ".") }
            }.map { "\(pool)/\($0)" }
        }
        defer { images = Set(unknown) }
        return images.intersection(unknown).sorted()
    }

    /// - Parameter clients: of this host that are evicted.
    /// - Returns: those of which no record says so, those of guests that run first: others are of VMs that are
    ///   no more, and harm nobody.
    public mutating func observe(
        evictions clients: [StorageClient], in cluster: Cluster
    ) -> [StorageClient] {
        // Nearly always, and then 100,000 histories need no look.
        guard !clients.isEmpty else {
            evictions = []
            return []
        }
        let known = Set(cluster.histories.values.flatMap { $0.value.evicted.map(\.client) })
        // An eviction may stand in a record that cannot be read.
        let isUnread = cluster.malformed.keys.contains { $0.hasPrefix("vm_history/") }
        let unknown = isUnread ? [] : Set(clients).subtracting(known)
        defer { evictions = unknown }
        let again = evictions.intersection(unknown)
        let writing = Set(cluster.actualVMs.values.flatMap(\.value.clients)).intersection(again)
        return writing.sorted() + again.subtracting(writing).sorted()
    }

    /// Of all nodes the one that says what all of them see: the first that is well, so that one change is
    /// one write.
    public static func isSpeaker(_ me: HostID, in cluster: Cluster) -> Bool {
        let well = cluster.hosts.filter { $0.value.value.message == nil }.keys
        return well.min() == me
    }

    /// Names are never given twice, so the pool says no more.
    private static func knownImages(_ cluster: Cluster) -> Set<String> {
        var known = Set(cluster.volumes.values.flatMap { $0.values.flatMap(\.value.allImages) })
        for image in cluster.actualImages.values { known.formUnion(image.value.allImages) }
        return known
    }

    /// The ids of things whose records cannot be read, and so may know anything.
    private static func unreadOwners(_ cluster: Cluster) -> [String] {
        cluster.malformed.keys.compactMap { path in
            let folder = path.prefix { $0 != "/" }
            guard folder == "volumes" || folder == "actual_images" else { return nil }
            return String(path.dropFirst(folder.count + 1))
        }
    }

    /// Whether a node has made the name: an id, and behind a dot a number that is used once. Others may
    /// keep images of their own in the pools.
    private static func isOurs(_ name: String) -> Bool {
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return false }
        let number = name[name.index(after: dot)...]
        return (8...16).contains(number.count)
            && number.allSatisfy { $0.isHexDigit && !$0.isUppercase }
    }
}
