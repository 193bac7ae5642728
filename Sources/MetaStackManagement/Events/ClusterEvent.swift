package import MetaStackModel

/// Something that happened in the cluster, in words for people.
package struct ClusterEvent: Sendable, Equatable, Codable {
    /// What a thing is that something happened to.
    package enum Kind: String, Sendable, Codable, CaseIterable {
        case vm, host, image, flavour, config, token
        case sshKey = "ssh-key"
        case network
        case securityGroup = "security-group"
    }

    /// What happened, in one word.
    package enum Word: String, Sendable, Codable, CaseIterable {
        // What people wrote.
        case created, changed, deleted
        case moveOrdered = "move-ordered"
        case maintenance, ready, armed, disarmed
        // Who has a VM, and where it goes.
        case claimed, released, lost, removed
        case takenOver = "taken-over"
        case runsAgain = "runs-again"
        case evicted
        case evictionLifted = "eviction-lifted"
        case declined, expected, refused
        case moveBegan = "move-began"
        case moveEnded = "move-ended"
        case moved
        // How a guest or an image is.
        case starting, running, paused, suspended, stopping, stopped, failed, deleting
        case message, ended
        case diskMade = "disk-made"
        case importing
        // Hosts.
        case came, gone, troubled
        case inOrder = "in-order"
        case holdsBack = "holds-back"
        case goesOn = "goes-on"
        // Records.
        case malformed
    }

    /// By the clock of whoever wrote the record; nil where that has no time. etcd keeps none.
    package var time: Timestamp?
    /// etcd's revision of the change; nil for what is known from a record's own timeline.
    package var revision: Revision?
    package let kind: Kind
    package let id: String
    package let name: String
    /// The hosts that had a part in it.
    package let hosts: [HostID]
    package let word: Word
    /// One sentence's worth; empty where the word says it all.
    package let detail: String

    private enum CodingKeys: String, CodingKey {
        case time, revision, kind, id, name, hosts, detail
        case word = "event"
    }

    package init(
        _ word: Word, _ kind: Kind, id: String, name: String? = nil, _ detail: String = "",
        hosts: [HostID] = [], at time: Timestamp? = nil, revision: Revision? = nil
    ) {
        // The epoch stands for a time that nobody noted.
        self.time = time.flatMap { $0.milliseconds > 0 ? $0 : nil }
        self.revision = revision
        self.kind = kind
        self.id = id
        self.name = name ?? id
        self.hosts = hosts
        self.word = word
        self.detail = detail
    }

    /// For programs: what is not known is null.
    package var document: JSONValue {
        .object([
            "time": JSONValue(time?.description),
            "revision": revision.map { .integer($0.number) } ?? .null,
            "kind": .string(kind.rawValue), "id": .string(id), "name": .string(name),
            "hosts": .array(hosts.map { .string($0.text) }), "event": .string(word.rawValue),
            "detail": .string(detail),
        ])
    }
}

extension ClusterEvent.Word {
    /// What a claim's or an image's new state is called; nil where another event tells of it.
    init?(_ state: ActualVM.State) {
        switch state {
        case .claimed: return nil
        case .starting: self = .starting
        case .running: self = .running
        case .paused: self = .paused
        case .suspended: self = .suspended
        case .stopping: self = .stopping
        case .stopped: self = .stopped
        case .failed: self = .failed
        case .deleting: self = .deleting
        }
    }

    init(_ state: ActualImage.State) {
        switch state {
        case .importing: self = .importing
        case .ready: self = .ready
        case .failed: self = .failed
        case .deleting: self = .deleting
        }
    }
}
