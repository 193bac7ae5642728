import MetaStackModel

/// What happens to hosts, images, flavours, settings and tokens.
extension EventTeller {
    private func event(
        _ word: ClusterEvent.Word, _ host: HostID, _ detail: String = "", at time: Timestamp? = nil
    ) -> ClusterEvent {
        ClusterEvent(word, .host, id: host.text, detail, hosts: [host], at: time)
    }

    // MARK: Hosts

    mutating func host(
        _ id: HostID, _ old: Stored<Host>?, _ new: Stored<Host>?
    ) -> [ClusterEvent] {
        guard let new else { return old == nil ? [] : [event(.gone, id, "its session ended")] }
        var events: [ClusterEvent] = []
        if old == nil || old?.lease != new.lease {
            events.append(came(id, new.value))
        } else if let old, old.value.version != new.value.version {
            events.append(
                event(.changed, id, "version \(old.value.version) → \(new.value.version)"))
        }
        let (before, after) = (old?.value.message, new.value.message)
        if let after, after != before { events.append(event(.troubled, id, after)) }
        if before != nil, after == nil { events.append(event(.inOrder, id)) }
        let (held, holds) = (old?.value.takeoversHeld, new.value.takeoversHeld)
        if let holds, holds != held { events.append(event(.holdsBack, id, holds)) }
        if held != nil, holds == nil { events.append(event(.goesOn, id, "with takeovers")) }
        return events
    }

    /// The record has the time at which the agent started, which is that of its coming only once.
    private mutating func came(_ id: HostID, _ host: Host) -> ClusterEvent {
        let isNew = agentStarts.updateValue(host.since, forKey: id) != host.since
        return event(
            .came, id,
            "metastack-node \(host.version)" + (isNew ? "" : ", with a new session"),
            at: isNew ? host.since : nil)
    }

    func hostWishes(_ id: HostID, _ old: DesiredHost?, _ new: DesiredHost?) -> [ClusterEvent] {
        let (before, after) = (old ?? DesiredHost(), new ?? DesiredHost())
        var events: [ClusterEvent] = []
        if before.state != after.state {
            switch after.state {
            case .maintenance:
                let by = after.by.map { "by \($0)" }
                let words = [by, after.reason].compactMap(\.self).joined(separator: ": ")
                events.append(event(.maintenance, id, words, at: after.since))
            case .ready: events.append(event(.ready, id))
            }
        }
        // What was read can be written.
        guard let old = try? JSONValue(before), let new = try? JSONValue(after) else {
            return events
        }
        let text = FieldChanges.text(
            from: old, to: new, ignoring: ["state", "reason", "since", "by"])
        return text.isEmpty ? events : events + [event(.changed, id, text)]
    }

    // MARK: Images and flavours

    func wanted(
        _ kind: ClusterEvent.Kind, _ id: String, _ name: String?,
        _ old: Stored<some Record>?, _ new: Stored<some Record>?
    ) -> [ClusterEvent] {
        guard let new else {
            return old == nil ? [] : [ClusterEvent(.deleted, kind, id: id, name: name)]
        }
        // What was read can be written.
        guard let old, old.createRevision == new.createRevision,
            let before = try? JSONValue(old.value), let after = try? JSONValue(new.value)
        else { return [ClusterEvent(.created, kind, id: id, name: name)] }
        let text = FieldChanges.text(from: before, to: after)
        return text.isEmpty ? [] : [ClusterEvent(.changed, kind, id: id, name: name, text)]
    }

    func image(_ id: ImageID, _ old: ActualImage?, _ new: ActualImage?) -> [ClusterEvent] {
        let name = cluster.images[id]?.value.name.text
        guard let new else {
            return old == nil
                ? []
                : [
                    ClusterEvent(.removed, .image, id: id.text, name: name, "nothing of it is left")
                ]
        }
        guard old?.state != new.state || old?.host != new.host else { return [] }
        let message = new.state == .importing ? nil : new.message
        return [
            ClusterEvent(
                ClusterEvent.Word(new.state), .image, id: id.text, name: name,
                "on host \(new.host)" + (message.map { ": \($0)" } ?? ""), hosts: [new.host])
        ]
    }

    // MARK: Settings and tokens

    func setting(_ name: String, _ old: JSONValue?, _ new: JSONValue?) -> [ClusterEvent] {
        guard old != new else { return [] }
        if RecordKey.globalConfig(name) == TakeoverSwitch.key, let value = cluster.takeoverSwitch {
            return [Self.takeovers(value.value)]
        }
        guard let new else { return [ClusterEvent(.deleted, .config, id: name)] }
        let detail = FieldChanges.text(from: old ?? .object([:]), to: new)
        return [ClusterEvent(old == nil ? .created : .changed, .config, id: name, detail)]
    }

    static func takeovers(_ value: TakeoverSwitch) -> ClusterEvent {
        let word: ClusterEvent.Word =
            switch value.state {
            case .armed: .armed
            case .disarmed: .disarmed
            }
        return ClusterEvent(
            word, .config, id: "takeover", value.reason ?? "", at: value.at)
    }

    func token(_ id: TokenID, _ old: AccessToken?, _ new: AccessToken?) -> [ClusterEvent] {
        guard let new else {
            return old == nil
                ? [] : [ClusterEvent(.deleted, .token, id: id.text, name: old?.name.text)]
        }
        guard let old else { return [Self.made(id, new)] }
        // When it was used last is no news, and its digest nobody's.
        guard old.role != new.role || old.expiresAt != new.expiresAt else { return [] }
        return [
            ClusterEvent(
                .changed, .token, id: id.text, name: new.name.text, "role \(new.role.rawValue)")
        ]
    }

    static func made(_ id: TokenID, _ token: AccessToken) -> ClusterEvent {
        ClusterEvent(
            .created, .token, id: id.text, name: token.name.text, "role \(token.role.rawValue)",
            at: token.createdAt)
    }
}
