package import MetaStackModel
package import MetaStackStore

/// What happened, as far as etcd remembers, oldest first.
///
/// etcd keeps every change since its last compaction; from before that there is what records note
/// themselves: takeovers, evictions, since when something is so.
package struct EventLog: Sendable, Equatable, Codable {
    package let events: [ClusterEvent]
    /// Up to which revision it goes.
    package let revision: Revision

    private enum CodingKeys: String, CodingKey {
        case events = "items"
        case revision
    }

    package init(events: [ClusterEvent], revision: Revision) {
        self.events = events
        self.revision = revision
    }

    package init(_ past: ClusterPast) { self = Self.begin(past).log }

    /// The log so far, and who tells what comes after it.
    package static func begin(_ past: ClusterPast) -> (log: EventLog, teller: EventTeller) {
        var teller = EventTeller(past.base)
        let events = past.base.rememberedEvents + teller.observe(past.changes)
        return (EventLog(events: events, revision: past.revision), teller)
    }

    /// The same without tokens, which are for those who make them.
    package var withoutTokens: EventLog {
        EventLog(events: events.filter { $0.kind != .token }, revision: revision)
    }

    /// Those that a filter lets through.
    package func events(_ filter: EventFilter, since: Timestamp? = nil) -> [ClusterEvent] {
        var kept: [ClusterEvent] = []
        // What has no time happened before what comes after it: it goes only where that is too old.
        var later: Timestamp?
        for event in events.reversed() {
            if let time = event.time { later = time }
            let isTooOld = since.map { (event.time ?? later ?? $0) < $0 } ?? false
            if !isTooOld, filter.matches(event) { kept.append(event) }
        }
        return kept.reversed()
    }
}

extension Cluster {
    /// What the records themselves note of the past, by time.
    package var rememberedEvents: [ClusterEvent] {
        let teller = EventTeller(self)
        var events: [ClusterEvent] = []
        for (id, vm) in desiredVMs where vm.value.createdAt != nil {
            events += teller.wishes(id, nil, vm)
        }
        for (id, claim) in actualVMs {
            events += teller.claim(id, nil, claim, []).filter { $0.word != .takenOver }.suffix(1)
        }
        for (id, history) in histories {
            for takeover in history.value.takeovers {
                events.append(
                    ClusterEvent(
                        .takenOver, .vm, id: id.text, name: teller.name(id),
                        "by host \(takeover.to) from host \(takeover.from)",
                        hosts: [takeover.from, takeover.to], at: takeover.claimed))
                if takeover.started != nil { events.append(teller.runsAgain(id, takeover)) }
            }
            events += history.value.evicted.map { teller.evicted(id, $0) }
        }
        for (id, host) in hosts {
            events.append(
                ClusterEvent(
                    .came, .host, id: id.text, "metastack-node \(host.value.version)",
                    hosts: [id], at: host.value.since))
        }
        if let value = takeoverSwitch?.value { events.append(EventTeller.takeovers(value)) }
        events += tokens.map { EventTeller.made($0, $1.value) }
        return events.filter { $0.time != nil }.sorted { left, right in
            (left.time?.milliseconds ?? 0, left.id, left.word.rawValue)
                < (right.time?.milliseconds ?? 0, right.id, right.word.rawValue)
        }
    }
}
