package import MetaStackModel
package import MetaStackStore

/// One look at the deployment: a pure function from what was read to what is to be said of it.
package struct Check: Sendable {
    package enum Group: String, Sendable, Codable, CaseIterable {
        case etcd, ceph, hosts, vms, records, storage
    }

    let group: Group
    let name: String
    /// nil where what it looks at could not be read.
    let look: @Sendable (Patient) -> [Finding]?

    static let all = etcd + ceph + hosts + vms + records + storage

    /// A check of the records.
    static func ofRecords(
        _ group: Group, _ name: String,
        _ look: @escaping @Sendable (Cluster, Patient) -> [Finding]
    ) -> Check {
        Check(group: group, name: name) { patient in
            patient.cluster.map { look($0, patient) }
        }
    }

    /// A check of etcd itself.
    static func ofEtcd(
        _ name: String, _ look: @escaping @Sendable (EtcdCondition, Patient) -> [Finding]
    ) -> Check {
        Check(group: .etcd, name: name) { patient in patient.etcd.map { look($0, patient) } }
    }
}

/// All that the checks look at, read beforehand.
package struct Patient: Sendable {
    /// nil where the records cannot be read.
    package var cluster: Cluster?
    /// Why they cannot.
    package var failure: String?
    /// nil where etcd itself cannot be asked.
    package var etcd: EtcdCondition?
    /// Below which the records stand.
    package var prefix: String
    package var now: Timestamp
    /// Whether tokens are among the records.
    package var seesTokens = true

    package init(
        cluster: Cluster?, failure: String? = nil, etcd: EtcdCondition?,
        prefix: String = "/metastack", now: Timestamp
    ) {
        self.cluster = cluster
        self.failure = failure
        self.etcd = etcd
        self.prefix = prefix
        self.now = now
    }

    /// A command line of etcdctl's, with the addresses of the configuration.
    func etcdctl(_ words: String...) -> String {
        let urls = etcd?.voices.filter(\.isConfigured).map(\.url) ?? []
        let endpoints = urls.isEmpty ? [] : ["--endpoints=\(urls.joined(separator: ","))"]
        return (["etcdctl"] + endpoints + words).map(\.forShell).joined(separator: " ")
    }

    /// The command that deletes a record.
    func deletion(of path: String) -> String { etcdctl("del", "\(prefix)/\(path)") }
}

extension String {
    /// As a shell takes it for one word.
    var forShell: String {
        let safe = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,@%+")
        if !isEmpty, allSatisfy(safe.contains) { return self }
        return "'"
            + split(separator: "'", omittingEmptySubsequences: false)
            .joined(separator: #"'\''"#) + "'"
    }
}

extension [Finding] {
    /// One finding for all things that one sentence is true of, so that a dead rack is no wall of text.
    ///
    /// - Parameter things: by name, in order.
    static func one(
        _ weight: Finding.Weight, _ kind: ResourceKind?, _ things: [(id: String, name: String)],
        remedy: String?, _ text: (String) -> String
    ) -> [Finding] {
        guard let first = things.first else { return [] }
        let shown = things.prefix(3).map(\.name).joined(separator: ", ")
        let more = things.count > 3 ? " and \(things.count - 3) more" : ""
        let subject = things.count == 1 ? first.name : shown + more
        return [Finding(weight, kind, ids: things.map(\.id), text(subject), remedy: remedy)]
    }
}
