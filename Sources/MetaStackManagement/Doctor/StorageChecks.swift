import MetaStackModel

/// What can be wrong with disks and images: what is left over, and who may not write any more.
extension Check {
    static let storage = [
        ofRecords(.storage, "evictions") { evictions($0, $1) },
        ofRecords(.storage, "refused guests") { cluster, _ in refusedGuests(cluster) },
        ofRecords(.storage, "leaks") { leaks($0, $1) },
        ofRecords(.storage, "strange images") { cluster, _ in strangeImages(cluster) },
        ofRecords(.storage, "attempts") { cluster, _ in attempts(cluster) },
        ofRecords(.storage, "images") { cluster, _ in cluster.imageFindings },
    ]

    /// A live host lifts an eviction twenty minutes after it has seen that the domain is gone, when nothing
    /// that was sent can arrive any more.
    private static let longestEviction: Int64 = 60 * 60_000
    /// Of a host that is away, which may be back any moment.
    private static let longestAbsence: Int64 = 10 * 60_000
    /// Ceph forgets an eviction by itself, whoever is away.
    private static let evictionLasts: Int64 = 7 * 24 * 3600_000

    private static func evictions(_ cluster: Cluster, _ patient: Patient) -> [Finding] {
        let old = cluster.histories.sorted { $0.key < $1.key }.flatMap { id, history in
            history.value.evicted.filter { isLate($0, cluster, patient.now) }
                .map { (vm: id, evicted: $0) }
        }
        let byHost = Dictionary(grouping: old, by: \.evicted.host)
        return byHost.sorted { $0.key < $1.key }.flatMap { host, old -> [Finding] in
            let clients = old.map(\.evicted.client.address).sorted()
            let shown = clients.prefix(3).joined(separator: ", ")
            let more = clients.count > 3 ? " and \(clients.count - 3) more" : ""
            let ids = Set(old.map(\.vm.text)).sorted()
            guard cluster.hosts[host] != nil else {
                return [
                    Finding(
                        .notice, .host, ids: ids,
                        "the evictions of \(shown)\(more) stand until host \(host) is back",
                        remedy: "start metastack-node on host \(host)")
                ]
            }
            let since = old.map(\.evicted.at).min()?.age(at: patient.now) ?? "long"
            return [
                Finding(
                    .problem, .host, ids: ids,
                    "the evictions of \(shown)\(more) are not lifted since \(since), though host "
                        + "\(host) is live",
                    remedy: "systemctl restart metastack-node on host \(host)")
            ]
        }
    }

    private static func isLate(
        _ evicted: EvictedClient, _ cluster: Cluster, _ now: Timestamp
    ) -> Bool {
        guard let host = cluster.hosts[evicted.host]?.value else {
            return evicted.at.isOlder(than: longestAbsence, at: now)
                && !evicted.at.isOlder(than: evictionLasts, at: now)
        }
        return max(evicted.at, host.since).isOlder(than: longestEviction, at: now)
    }

    /// Guests whose own clients Ceph refuses: nothing that they write reaches their disks.
    ///
    /// One that writes is started anew by its host; one that is idle may not have noticed. Further clients
    /// that a host says are refused are none of a VM's any more, since it was deleted before its former
    /// host was back, or of other programs: they harm nobody, and run out by themselves.
    private static func refusedGuests(_ cluster: Cluster) -> [Finding] {
        cluster.actualVMs.sorted { $0.key < $1.key }.compactMap { id, claim in
            guard let host = cluster.hosts[claim.value.host] else { return nil }
            let refused = claim.value.clients.filter(host.value.storage.unknownEvictions.contains)
            guard !refused.isEmpty else { return nil }
            let name = VMOverview(id, in: cluster).name
            let shown = refused.map(\.address).sorted().joined(separator: ", ")
            return Finding(
                .problem, .vm, ids: [id.text],
                "Ceph refuses \(shown), with which vm \(name) writes its disk on host "
                    + "\(claim.value.host)",
                remedy: "metastack vm stop \(name.forShell) --wait && metastack vm start "
                    + name.forShell)
        }
    }

    /// Images that a node has made and that no record knows: a record was deleted by hand, or etcd is one
    /// out of a backup.
    private static func strangeImages(_ cluster: Cluster) -> [Finding] {
        let recorded =
            cluster.volumes.values.flatMap { $0.values.flatMap(\.value.allImages) }
            + cluster.actualImages.values.flatMap(\.value.allImages)
        let known = Set(recorded)
        let images = Set(cluster.hosts.values.flatMap(\.value.storage.unknownImages))
            .filter { path in !known.contains(String(path.drop { $0 != "/" }.dropFirst())) }
        return images.sorted().map { image in
            Finding(
                .problem, nil, "no record knows the image \(image), which a node has made",
                remedy: "look whether somebody misses it (rbd info \(image.forShell)), then "
                    + "rbd snap ls \(image.forShell) and rbd rm \(image.forShell)")
        }
    }

    /// What is left of VMs that nobody wants and nobody removes.
    private static func leaks(_ cluster: Cluster, _ patient: Patient) -> [Finding] {
        func isUnknown(_ id: VMID) -> Bool {
            cluster.desiredVMs[id] == nil && cluster.actualVMs[id] == nil
                && cluster.malformed[RecordKey.desiredVM(id).path] == nil
                && cluster.malformed[RecordKey.actualVM(id).path] == nil
        }
        var findings: [Finding] = []
        for (id, disks) in cluster.volumes.sorted(by: { $0.key < $1.key }) where isUnknown(id) {
            let images = disks.values.flatMap { disk in
                disk.value.allImages.map { "\(disk.value.pool)/\($0)" }
            }
            let declined = cluster.declines[id]?.values.first?.value.reason
            let why = declined.map { ": \($0)" } ?? ""
            findings.append(
                Finding(
                    .problem, .vm, ids: [id.text],
                    "vm \(id) is wanted no more and nobody removes its disk "
                        + "\(images.sorted().joined(separator: ", "))\(why)",
                    remedy: cluster.hosts.isEmpty
                        ? "start metastack-node on a host" : "metastack vm show \(id)"))
        }
        for (id, history) in cluster.histories.sorted(by: { $0.key < $1.key })
        where isUnknown(id) && cluster.volumes[id] == nil {
            // Without a disk there is nothing that it protects.
            findings.append(
                Finding(
                    .problem, .vm, ids: [id.text],
                    "the history of vm \(id) is left, of which nothing else is; host "
                        + "\(history.value.host) had it last",
                    remedy: patient.deletion(of: RecordKey.history(id).path)))
        }
        return findings + earlierDisks(cluster)
    }

    /// Disks of an earlier VM under the same id.
    private static func earlierDisks(_ cluster: Cluster) -> [Finding] {
        cluster.volumes.sorted { $0.key < $1.key }.flatMap { id, disks -> [Finding] in
            guard let desired = cluster.desiredVMs[id] else { return [] }
            return disks.sorted { $0.key < $1.key }.filter {
                $0.value.value.vmCreateRevision != desired.createRevision
            }.map { disk, volume in
                Finding(
                    .notice, .volume, ids: [disk.description],
                    "disk \(volume.value.pool)/\(volume.value.image) is that of an earlier vm under "
                        + "the id \(id), and is removed before this one starts",
                    remedy: "metastack vm show \(id)")
            }
        }
    }

    /// More failed attempts at a disk or an image than a few mean that something is in the way.
    private static let mostAttempts = 8

    private static func attempts(_ cluster: Cluster) -> [Finding] {
        let disks = cluster.volumes.values.flatMap { $0 }.sorted { $0.key < $1.key }
        let images = cluster.actualImages.sorted { $0.key < $1.key }
        return disks.filter { $0.value.value.discarded.count >= mostAttempts }.map { id, disk in
            Finding(
                .notice, .volume, ids: [id.description],
                "disk \(id) was begun \(disk.value.discarded.count + 1) times",
                remedy: "metastack vm show \(id.vm)")
        }
            + images.filter { $0.value.value.discarded.count >= mostAttempts }.map { id, image in
                Finding(
                    .notice, .image, ids: [id.text],
                    "image \(cluster.images[id]?.value.name.text ?? id.text) was imported "
                        + "\(image.value.discarded.count + 1) times",
                    remedy: "metastack image show \(id)")
            }
    }
}
