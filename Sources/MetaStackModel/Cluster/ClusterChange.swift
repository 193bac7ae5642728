public import Foundation

/// One key's new state, as a list or a watch delivers it.
public struct RawRecord: Sendable, Equatable {
    /// Below the prefix, such as `desired_vms/web`.
    public var path: String
    /// nil where the key was deleted.
    public var json: Data?
    public var revision: Revision
    public var createRevision: Revision
    public var lease: LeaseNumber?

    public init(
        path: String, json: Data?, revision: Revision, createRevision: Revision,
        lease: LeaseNumber? = nil
    ) {
        self.path = path
        self.json = json
        self.revision = revision
        self.createRevision = createRevision
        self.lease = lease
    }
}

extension Cluster {
    /// Takes over one key's new state.
    ///
    /// A record that cannot be read is taken out, and noted in ``malformed``, so that nobody acts
    /// on what it said before.
    ///
    /// - Returns: which record it is about; nil for a key that is none of ours or is no id.
    @discardableResult
    public mutating func apply(_ raw: RawRecord) -> RecordKey? {
        revision = max(revision, raw.revision)
        malformed[raw.path] = nil
        do throws(MalformedRecord) {
            guard let key = try RecordKey(path: raw.path) else { return nil }
            do throws(MalformedRecord) {
                try set(key, raw)
            } catch {
                malformed[raw.path] = error
                remove(key)
            }
            return key
        } catch {
            if raw.json != nil { malformed[raw.path] = error }
            return nil
        }
    }

    private mutating func set(_ key: RecordKey, _ raw: RawRecord) throws(MalformedRecord) {
        switch key {
        case TakeoverSwitch.key: takeoverSwitch = try raw.record()
        case MoveLimits.key: moveLimits = try raw.record()
        case RebalancePolicy.key: rebalancePolicy = try raw.record()
        case SyslogServer.key: syslogServer = try raw.record()
        case .globalConfig(let name): globalConfig[name] = try raw.record()
        case .image(let id): images[id] = try raw.record()
        case .flavour(let id): flavours[id] = try raw.record()
        case .desiredVM(let id): desiredVMs[id] = try raw.record()
        case .actualVM(let id):
            actualVMs[id] = try raw.record()
            shareClients(of: id)
        case .host(let id): hosts[id] = try raw.record()
        case .desiredHost(let id): desiredHosts[id] = try raw.record()
        case .volume(let id):
            volumes[id.vm, default: [:]][id] = try raw.record()
            if volumes[id.vm]?.isEmpty == true { volumes[id.vm] = nil }
        case .history(let id):
            histories[id] = try raw.record()
            shareClients(of: id)
        case .decline(let vm, let host):
            declines[vm, default: [:]][host] = try raw.record()
            if declines[vm]?.isEmpty == true { declines[vm] = nil }
        case .actualImage(let id): actualImages[id] = try raw.record()
        case .arrival(let id): arrivals[id] = try raw.record()
        case .token(let id): tokens[id] = try raw.record()
        case .sshKey(let id): sshKeys[id] = try raw.record()
        case .network(let id): networks[id] = try raw.record()
        case .address(let id): addresses[id] = try raw.record()
        case .securityGroup(let id): securityGroups[id] = try raw.record()
        }
    }

    /// The claim and the history of a guest that runs name the same clients: one list in memory is
    /// enough.
    private mutating func shareClients(of vm: VMID) {
        guard let clients = actualVMs[vm]?.value.clients, !clients.isEmpty,
            histories[vm]?.value.clients == clients
        else { return }
        histories[vm]?.value.clients = clients
    }

    private mutating func remove(_ key: RecordKey) {
        let gone = RawRecord(
            path: key.path, json: nil, revision: revision, createRevision: revision)
        do throws(MalformedRecord) {
            try set(key, gone)
        } catch {
            assertionFailure("the absence of a record cannot be malformed: \(error)")
        }
    }
}

extension RawRecord {
    fileprivate func record<Value: Record>() throws(MalformedRecord) -> Stored<Value>? {
        guard let json else { return nil }
        return Stored(
            try Value(json: json, path: path), revision: revision,
            createRevision: createRevision, lease: lease)
    }
}
