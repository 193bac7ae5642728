import MetaStackModel

/// What can be wrong with Ceph, as far as nodes say it: management has no way there itself.
extension Check {
    static let ceph = [
        ofRecords(.ceph, "answers") { cluster, _ in storageTroubles(cluster) },
        ofRecords(.ceph, "pools") { cluster, _ in lackingPools(cluster) },
    ]

    /// Hosts whose storage is away, or without a pool, by what they say.
    private static func storageTroubles(_ cluster: Cluster) -> [Finding] {
        let said = cluster.hosts.compactMap { id, host in
            host.value.storageTrouble.map { (trouble: $0, host: id) }
        }
        return Dictionary(grouping: said, by: \.trouble).sorted { $0.key < $1.key }
            .flatMap { trouble, hosts in
                [Finding].one(
                    .problem, .host, hosts.map(\.host.text).sorted().map { ($0, $0) },
                    remedy: remedy(for: trouble)
                ) { "on host \($0) \(trouble)" }
            }
    }

    private static func remedy(for trouble: String) -> String {
        // The sentence ends with what to do, behind a colon.
        let pools = trouble.prefix { $0 != ":" }.split(separator: " ")
        let names = zip(pools, pools.dropFirst()).filter { $0.0 == "pool" }.map { String($0.1) }
        guard !names.isEmpty else { return "ceph -s" }
        return names.map { "ceph osd pool create \($0) && rbd pool init \($0)" }
            .joined(separator: " && ")
    }

    private static func lackingPools(_ cluster: Cluster) -> [Finding] {
        let all = Set(cluster.hosts.values.flatMap(\.value.pools))
        let uneven = cluster.hosts.sorted { $0.key < $1.key }.flatMap { id, host -> [Finding] in
            guard host.value.storageTrouble == nil else { return [] }
            let lacking = all.subtracting(host.value.pools).sorted()
            return lacking.map { pool in
                Finding(
                    .notice, .host, ids: [id.text],
                    "host \(id) does not use pool \(pool), which others do",
                    remedy: "compare storage in its configuration with theirs")
            }
        }
        guard !cluster.hosts.isEmpty else { return uneven }
        let disks = cluster.volumes.values.flatMap(\.values).map(\.value.pool)
        let images = cluster.actualImages.values.compactMap(\.value.pool)
        let homeless = Set(disks + images).subtracting(all).sorted()
        return uneven
            + homeless.map { pool in
                Finding(
                    .problem, nil, "no live host has pool \(pool), in which disks or images lie",
                    remedy: "ceph osd pool ls")
            }
    }
}

extension Host {
    /// What nodes begin the sentence with that is about Ceph.
    private static let storageWords = "the storage "

    /// What it says of Ceph; nil where that is in order.
    var storageTrouble: String? {
        guard let message else { return nil }
        // What follows may have a semicolon of its own; it is the last part.
        let words = message.indices.first { message[$0...].hasPrefix(Self.storageWords) }
        return words.map { String(message[$0...]) }
    }

    /// Whether it complains of nothing but Ceph.
    var complainsOfStorageAlone: Bool {
        message?.hasPrefix(Self.storageWords) ?? false
    }
}
