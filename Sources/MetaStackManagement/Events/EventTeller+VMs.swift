import MetaStackModel

/// What happens to VMs.
extension EventTeller {
    private func event(
        _ word: ClusterEvent.Word, _ vm: VMID, _ detail: String = "", hosts: [HostID] = [],
        at time: Timestamp? = nil
    ) -> ClusterEvent {
        ClusterEvent(word, .vm, id: vm.text, name: name(vm), detail, hosts: hosts, at: time)
    }

    /// What somebody wants of it.
    func wishes(
        _ id: VMID, _ old: Stored<DesiredVM>?, _ new: Stored<DesiredVM>?
    ) -> [ClusterEvent] {
        guard let new else { return old == nil ? [] : [event(.deleted, id)] }
        guard let old, old.createRevision == new.createRevision else {
            let flavour = cluster.flavours[FlavourID(unchecked: new.value.flavour)]?.value.name.text
            let image = cluster.images[ImageID(unchecked: new.value.image)]?.value.name.text
            let detail =
                "flavour \(flavour ?? new.value.flavour), image \(image ?? new.value.image)"
                + (new.value.state == .stop ? ", stopped" : "")
            return [event(.created, id, detail, at: new.value.createdAt)]
        }
        var events: [ClusterEvent] = []
        if let order = new.value.moves.order, order != old.value.moves.order {
            let target = order.to.map { "host \($0)" } ?? "the best host"
            events.append(
                event(
                    .moveOrdered, id,
                    "from host \(order.from) to \(target)" + (order.offline ? ", offline" : ""),
                    hosts: [order.from] + [order.to].compactMap(\.self)))
        }
        // What was read can be written.
        if let before = try? JSONValue(old.value), let after = try? JSONValue(new.value) {
            let text = FieldChanges.text(from: before, to: after, ignoring: ["move"])
            if !text.isEmpty { events.append(event(.changed, id, text)) }
        }
        return events
    }

    // MARK: Claims

    func claim(
        _ id: VMID, _ old: Stored<ActualVM>?, _ new: Stored<ActualVM>?, _ ended: Set<HostID>
    ) -> [ClusterEvent] {
        switch (old, new) {
        case (nil, nil): return []
        case (let old?, nil): return [lost(id, old.value, ended)]
        case (nil, let new?): return [claimed(id, new.value)] + state(id, nil, new.value)
        case (let old?, let new?):
            guard old.createRevision == new.createRevision else {
                return [lost(id, old.value, ended), claimed(id, new.value)]
                    + state(id, nil, new.value)
            }
            let (old, new) = (old.value, new.value)
            return move(id, old, new) + state(id, old, new)
        }
    }

    private func lost(_ id: VMID, _ old: ActualVM, _ ended: Set<HostID>) -> ClusterEvent {
        if old.state == .deleting {
            return event(.removed, id, "nothing of it is left", hosts: [old.host])
        }
        guard ended.contains(old.host) else {
            return event(.released, id, "by host \(old.host)", hosts: [old.host])
        }
        return event(.lost, id, "the session of host \(old.host) ended", hosts: [old.host])
    }

    private func claimed(_ id: VMID, _ new: ActualVM) -> ClusterEvent {
        let history = cluster.histories[id]?.value
        let isSame =
            new.desiredCreateRevision.map { $0 == history?.vmCreateRevision } ?? true
        guard let history, isSame, !history.clients.isEmpty, history.host != new.host else {
            let purpose = new.state == .deleting ? ", to remove what is left" : ""
            return event(
                .claimed, id, "by host \(new.host)\(purpose)", hosts: [new.host], at: new.since)
        }
        return event(
            .takenOver, id, "by host \(new.host) from host \(history.host)",
            hosts: [history.host, new.host], at: new.since)
    }

    private func state(_ id: VMID, _ old: ActualVM?, _ new: ActualVM) -> [ClusterEvent] {
        let message = new.message.map { ": \($0)" } ?? ""
        if old?.state != new.state {
            guard let word = ClusterEvent.Word(new.state) else { return [] }
            return [
                event(
                    word, id, "on host \(new.host)\(message)", hosts: [new.host], at: new.since)
            ]
        }
        guard let text = new.message, old?.message != text else { return [] }
        return [event(.message, id, "on host \(new.host): \(text)", hosts: [new.host])]
    }

    private func move(_ id: VMID, _ old: ActualVM, _ new: ActualVM) -> [ClusterEvent] {
        if old.host != new.host {
            let how = old.incarnation == new.incarnation ? "while it ran" : "shut down for it"
            return [
                event(
                    .moved, id, "from host \(old.host) to host \(new.host), \(how)",
                    hosts: [old.host, new.host])
            ]
        }
        guard old.move?.id != new.move?.id else { return [] }
        var events: [ClusterEvent] = []
        if let over = old.move {
            events.append(
                event(
                    .moveEnded, id, "it stays on host \(new.host) and is not on host \(over.to)",
                    hosts: [new.host, over.to]))
        }
        if let begun = new.move {
            let how = begun.live ? "" : ", offline"
            events.append(
                event(
                    .moveBegan, id, "to host \(begun.to)\(how): \(begun.reason)",
                    hosts: [new.host, begun.to], at: begun.since))
        }
        return events
    }

    // MARK: What outlives claims

    func history(_ id: VMID, _ old: VMHistory?, _ new: VMHistory?) -> [ClusterEvent] {
        guard let new else { return [] }
        var events: [ClusterEvent] = []
        for client in new.evicted where old?.evicted.contains(client) != true {
            events.append(evicted(id, client))
        }
        for client in old?.evicted ?? [] where !new.evicted.contains(client) {
            events.append(
                event(
                    .evictionLifted, id, "Ceph client \(client.client) of host \(client.host)",
                    hosts: [client.host]))
        }
        for takeover in new.takeovers where takeover.started != nil {
            let known = old?.takeovers.first { $0.incarnation == takeover.incarnation }
            if known?.started == nil { events.append(runsAgain(id, takeover)) }
        }
        let hasEnded = new.lastExit != old?.lastExit || new.crashes > (old?.crashes ?? 0)
        if hasEnded, let exit = new.lastExit {
            let times = new.crashes > 1 ? ", \(new.crashes) times in a row" : ""
            events.append(event(.ended, id, exit + times, hosts: [new.host]))
        }
        return events
    }

    func evicted(_ id: VMID, _ client: EvictedClient) -> ClusterEvent {
        event(
            .evicted, id, "Ceph client \(client.client) of host \(client.host)",
            hosts: [client.host], at: client.at)
    }

    func runsAgain(_ id: VMID, _ takeover: Takeover) -> ClusterEvent {
        let timeline = TakeoverTimeline(takeover: takeover)
        let steps = timeline.durations.compactMap { name, time in
            time.map { "\(name) +\($0)" }
        }
        let total = timeline.total.map { ", \($0) after host \(takeover.from) was proven last" }
        let how = steps.isEmpty ? "" : " (\(steps.joined(separator: ", ")))"
        return event(
            .runsAgain, id, "on host \(takeover.to)" + (total ?? "") + how,
            hosts: [takeover.from, takeover.to], at: takeover.started)
    }

    func disk(_ id: VolumeID, _ old: Volume?, _ new: Volume?) -> [ClusterEvent] {
        guard let new, new.provisioned, old?.provisioned != true else { return [] }
        let source = new.source.map { id in
            " from image \(cluster.images[id]?.value.name.text ?? id.text)"
        }
        let size = new.size.map { ", \($0.short)" } ?? ""
        return [
            event(.diskMade, id.vm, "\(new.pool)/\(new.image)" + (source ?? "") + size)
        ]
    }

    func decline(_ vm: VMID, _ host: HostID, _ new: Decline?) -> [ClusterEvent] {
        guard let new else { return [] }
        return [event(.declined, vm, "by host \(host): \(new.reason)", hosts: [host], at: new.at)]
    }

    func arrival(_ vm: VMID, _ old: Arrival?, _ new: Arrival?) -> [ClusterEvent] {
        guard let new, new.answers != old?.answers || new.refusal != old?.refusal else { return [] }
        if let refusal = new.refusal {
            return [event(.refused, vm, "by host \(new.host): \(refusal)", hosts: [new.host])]
        }
        return [event(.expected, vm, "by host \(new.host)", hosts: [new.host])]
    }
}
