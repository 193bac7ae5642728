package import MetaStackModel
package import MetaStackStore

/// Turns changes of records into what happened, by comparing each record before and after.
///
/// A plain state machine: it holds the cluster as it was before the next change. etcd keeps no
/// times, so an event has one only where its record notes it.
package struct EventTeller: Sendable {
    package private(set) var cluster: Cluster
    /// Names of things that may be gone by the time something is told of them.
    private var vmNames: [VMID: String]
    /// When each host's agent had started when it came last.
    var agentStarts: [HostID: Timestamp]

    /// - Parameter cluster: the state that the first change comes after.
    package init(_ cluster: Cluster) {
        self.cluster = cluster
        vmNames = cluster.desiredVMs.mapValues(\.value.name.text)
        agentStarts = cluster.hosts.mapValues(\.value.since)
    }

    /// What happened by a change, in order.
    ///
    /// - Parameter now: the time of events whose record notes none; nil where it is not known.
    package mutating func observe(
        _ change: ClusterChange, at now: Timestamp? = nil
    ) -> [ClusterEvent] {
        switch change {
        case .records(let records, _): observe(records, at: now)
        case .reloaded(let new): observe(cluster.changes(to: new), at: now)
        }
    }

    package mutating func observe(
        _ records: [RawRecord], at now: Timestamp? = nil
    ) -> [ClusterEvent] {
        var events: [ClusterEvent] = []
        var rest = records[...]
        while let revision = rest.first?.revision {
            let together = rest.prefix { $0.revision == revision }
            rest = rest.dropFirst(together.count)
            let ended = Self.endedHosts(together)
            for raw in together {
                for var event in told(raw, ended) {
                    event.revision = revision
                    event.time = event.time ?? now
                    events.append(event)
                }
            }
        }
        return events
    }

    /// Hosts whose records went in one transaction: their sessions have ended, with all claims.
    private static func endedHosts(_ records: ArraySlice<RawRecord>) -> Set<HostID> {
        Set(
            records.compactMap { raw in
                // Keys that are none of ours tell nothing.
                guard raw.json == nil, case .host(let id)? = try? RecordKey(path: raw.path)
                else { return nil }
                return id
            })
    }

    /// What people call a VM, also after its record is gone.
    func name(_ vm: VMID) -> String { vmNames[vm] ?? vm.text }

    private mutating func told(_ raw: RawRecord, _ ended: Set<HostID>) -> [ClusterEvent] {
        // A key that is no id, or none of ours, is nothing that people know.
        guard let key = try? RecordKey(path: raw.path) else {
            cluster.apply(raw)
            return []
        }
        let events = told(key, raw, ended)
        guard let malformed = cluster.malformed[raw.path] else { return events }
        // It is not gone: nobody can read it.
        return [malformedEvent(key, malformed)]
    }

    private mutating func told(
        _ key: RecordKey, _ raw: RawRecord, _ ended: Set<HostID>
    ) -> [ClusterEvent] {
        switch key {
        case .desiredVM(let id):
            let (old, new) = take(raw) { $0.desiredVMs[id] }
            if let new { vmNames[id] = new.value.name.text }
            return wishes(id, old, new)
        case .actualVM(let id):
            let (old, new) = take(raw) { $0.actualVMs[id] }
            return claim(id, old, new, ended)
        case .history(let id):
            let (old, new) = take(raw) { $0.histories[id] }
            return history(id, old?.value, new?.value)
        case .volume(let id):
            let (old, new) = take(raw) { $0.volumes[id.vm]?[id] }
            return disk(id, old?.value, new?.value)
        case .decline(let vm, let host):
            let (_, new) = take(raw) { $0.declines[vm]?[host] }
            return decline(vm, host, new?.value)
        case .arrival(let vm):
            let (old, new) = take(raw) { $0.arrivals[vm] }
            return arrival(vm, old?.value, new?.value)
        case .host(let id):
            let (old, new) = take(raw) { $0.hosts[id] }
            return host(id, old, new)
        case .desiredHost(let id):
            let (old, new) = take(raw) { $0.desiredHosts[id] }
            return hostWishes(id, old?.value, new?.value)
        case .image(let id):
            let (old, new) = take(raw) { $0.images[id] }
            return wanted(.image, id.text, new?.value.name.text ?? old?.value.name.text, old, new)
        case .actualImage(let id):
            let (old, new) = take(raw) { $0.actualImages[id] }
            return image(id, old?.value, new?.value)
        case .flavour(let id):
            let (old, new) = take(raw) { $0.flavours[id] }
            return wanted(.flavour, id.text, new?.value.name.text ?? old?.value.name.text, old, new)
        case .sshKey(let id):
            let (old, new) = take(raw) { $0.sshKeys[id] }
            return wanted(.sshKey, id.text, id.text, old, new)
        case .network(let id):
            let (old, new) = take(raw) { $0.networks[id] }
            return wanted(.network, id.text, new?.value.name.text ?? old?.value.name.text, old, new)
        case .address:
            // Its VM's events tell of it.
            cluster.apply(raw)
            return []
        case .securityGroup(let id):
            let (old, new) = take(raw) { $0.securityGroups[id] }
            let name = new?.value.name.text ?? old?.value.name.text
            return wanted(.securityGroup, id.text, name, old, new)
        case .globalConfig(let name): return setting(name, raw)
        case .token(let id):
            let (old, new) = take(raw) { $0.tokens[id] }
            return token(id, old?.value, new?.value)
        }
    }

    /// A record before and after a change, which is taken over.
    private mutating func take<Value: Record>(
        _ raw: RawRecord, _ value: (Cluster) -> Stored<Value>?
    ) -> (old: Stored<Value>?, new: Stored<Value>?) {
        let old = value(cluster)
        cluster.apply(raw)
        return (old, value(cluster))
    }

    private mutating func setting(_ name: String, _ raw: RawRecord) -> [ClusterEvent] {
        let old = cluster.desiredRecord(.config, name)?.record
        cluster.apply(raw)
        return setting(name, old, cluster.desiredRecord(.config, name)?.record)
    }

    private func malformedEvent(_ key: RecordKey, _ problem: MalformedRecord) -> ClusterEvent {
        let (kind, id): (ClusterEvent.Kind, String) =
            switch key {
            case .desiredVM(let id), .actualVM(let id), .history(let id), .arrival(let id),
                .decline(let id, _):
                (.vm, id.text)
            case .volume(let id): (.vm, id.vm.text)
            case .host(let id), .desiredHost(let id): (.host, id.text)
            case .image(let id), .actualImage(let id): (.image, id.text)
            case .flavour(let id): (.flavour, id.text)
            case .globalConfig(let name): (.config, name)
            case .token(let id): (.token, id.text)
            case .sshKey(let id): (.sshKey, id.text)
            case .network(let id): (.network, id.text)
            case .address(let id): (.network, id.network.text)
            case .securityGroup(let id): (.securityGroup, id.text)
            }
        let name = kind == .vm ? name(VMID(unchecked: id)) : id
        return ClusterEvent(.malformed, kind, id: id, name: name, problem.description)
    }
}
