import MetaStackModel

/// What can be wrong with Ceph, as far as nodes say it: management has no way there itself.
extension Check {
    static let ceph = [
        ofRecords(.ceph, "answers") { cluster, _ in storageTroubles(cluster) },
        ofRecords(.ceph, "pools") { cluster, _ in lackingPools(cluster) },
        ofRecords(.ceph, "health") { cluster, _ in health(cluster) },
        ofRecords(.ceph, "room") { cluster, _ in room(cluster) },
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

    // MARK: What Ceph says of itself

    /// Ceph's checks that mean that writes are refused, or soon will be.
    private static let roomChecks: Set = [
        "OSD_FULL", "OSD_BACKFILLFULL", "OSD_NEARFULL", "POOL_FULL", "POOL_BACKFILLFULL",
        "POOL_NEARFULL",
    ]

    /// All checks that some host tells of; what is an error to one is one.
    private static func raised(_ cluster: Cluster) -> (errors: [String], warnings: [String]) {
        let reports = cluster.hosts.values.map(\.value.storage)
        let errors = Set(reports.flatMap(\.errors))
        return (errors.sorted(), Set(reports.flatMap(\.warnings)).subtracting(errors).sorted())
    }

    private static func health(_ cluster: Cluster) -> [Finding] {
        let (errors, warnings) = raised(cluster)
        func finding(_ weight: Finding.Weight, _ names: [String], _ word: String) -> [Finding] {
            let names = names.filter { !roomChecks.contains($0) }
            guard !names.isEmpty else { return [] }
            return [
                Finding(
                    weight, nil, "Ceph \(word): \(names.joined(separator: ", "))",
                    remedy: "ceph health detail")
            ]
        }
        return finding(.problem, errors, "says that it is broken")
            + finding(.notice, warnings, "warns")
    }

    private static func room(_ cluster: Cluster) -> [Finding] {
        let (errors, warnings) = raised(cluster)
        let full = (errors + warnings).filter { $0.hasSuffix("_FULL") && roomChecks.contains($0) }
        let nearly = (errors + warnings).filter { roomChecks.contains($0) && !full.contains($0) }
        let remedy = "ceph osd df, then add OSDs or delete what nobody needs"
        if !full.isEmpty {
            return [
                Finding(
                    .problem, nil,
                    "Ceph is full: guests that write are paused (\(full.joined(separator: ", ")))",
                    remedy: remedy)
            ]
        }
        guard !nearly.isEmpty else { return [] }
        return [
            Finding(
                .problem, nil,
                "Ceph is nearly full: guests are paused when it is (\(nearly.joined(separator: ", ")))",
                remedy: remedy)
        ]
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
