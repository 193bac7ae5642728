import Foundation
import Logging
import MetaStackLogging
import MetaStackManagement
import MetaStackModel
import MetaStackStore

/// The way straight to etcd, with a record in the log of everything that a person writes there: who,
/// what, and at which revision. So a VM's life in syslog begins with whoever wanted it.
///
/// `metastack serve` has such records of its own, since it alone knows who asks.
struct LoggedAccess: ClusterAccess {
    private let access: any ClusterAccess
    private let log: ProgramLog
    private let logger: Logger

    init(access: any ClusterAccess, log: ProgramLog, user: String) {
        self.access = access
        self.log = log
        logger = log.logger(metadata: ["user": "\(user)"])
    }

    func load() async throws -> Cluster {
        let cluster = try await access.load()
        log.use(cluster.syslogServer?.value.server)
        return cluster
    }

    func load(_ part: ClusterPart) async throws -> Cluster {
        let cluster = try await access.load(part)
        // Of a part without settings nothing is known, and whoever reads one writes nothing.
        if part == .everything { log.use(cluster.syslogServer?.value.server) }
        return cluster
    }

    func write(
        _ writes: [RecordWrite], if conditions: [RecordCondition]
    ) async throws -> WriteResult {
        let result = try await access.write(writes, if: conditions)
        guard case .written(let revision) = result else { return result }
        for write in writes {
            guard let (event, key) = write.logged else { continue }
            var values = key.logged
            values["record"] = "\(key.path)"
            values["revision"] = "\(revision)"
            logger.info("\(event)", metadata: values)
        }
        return result
    }

    func follow(
        _ cluster: Cluster, until isEnough: @Sendable (Cluster) throws -> Bool
    ) async throws {
        try await access.follow(cluster, until: isEnough)
    }

    func followChanges(
        after revision: Revision, until isEnough: @Sendable (ClusterChange) throws -> Bool
    ) async throws {
        try await access.followChanges(after: revision, until: isEnough)
    }

    func eventLog() async throws -> EventLog { try await access.eventLog() }

    func diagnosis(at now: Timestamp) async throws -> Diagnosis {
        try await access.diagnosis(at: now)
    }
}

extension RecordWrite {
    /// What to call it in the log; nil for what only comes with another write.
    fileprivate var logged: (event: String, key: RecordKey)? {
        switch self {
        case .put(let key, _, lease: _): ("record written", key)
        case .delete(let key): ("record deleted", key)
        case .deleteDeclines: nil
        }
    }
}

extension RecordKey {
    /// What it is about, under the keys that nodes log by.
    fileprivate var logged: Logger.Metadata {
        switch self {
        case .desiredVM(let id), .actualVM(let id), .history(let id), .arrival(let id),
            .decline(let id, _):
            ["vm": "\(id)"]
        case .volume(let id): ["vm": "\(id.vm)"]
        case .host(let id), .desiredHost(let id): ["host": "\(id)"]
        case .image(let id), .actualImage(let id): ["image": "\(id)"]
        case .flavour(let id): ["flavour": "\(id)"]
        case .globalConfig(let name): ["config": "\(name)"]
        case .sshKey(let id): ["ssh_key": "\(id)"]
        case .network(let id): ["network": "\(id)"]
        case .address(let id): ["network": "\(id.network)", "address": "\(id.address)"]
        case .securityGroup(let id): ["security_group": "\(id)"]
        case .token: [:]
        }
    }
}
