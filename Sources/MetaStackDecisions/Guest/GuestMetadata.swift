import Foundation
public import MetaStackModel

/// What a guest is told that asks its node over HTTP: the files of its seed, and a tree as EC2 has it.
///
/// Taken from the records at the moment of the question, so that a key that is added or taken away counts
/// from the next question on; the seed's disk holds what was so when it was made. Taking is quick, for whoever
/// holds a lock; the texts are made by ``text(at:)``.
public struct GuestMetadata: Sendable, Equatable {
    struct Key: Sendable, Equatable {
        var name: SSHKeyID
        var line: String
    }

    let vm: VMID
    let desired: Stored<DesiredVM>
    let keys: [Key]
    let nics: [ActualNIC]
    let networks: [NetworkID: Network]
    /// Where its host is.
    let zone: String

    /// The label of a host that says in which zone it is.
    private static let zoneLabel = "zone"

    /// Leaves out keys that are not there: one mistake costs a guest no other key.
    ///
    /// - Returns: nil where nobody wants the VM any more.
    public init?(of vm: VMID, in cluster: Cluster) {
        guard let desired = cluster.desiredVMs[vm] else { return nil }
        self.vm = vm
        self.desired = desired
        keys = (desired.value.cloudInit?.sshKeys ?? []).compactMap { name in
            cluster.sshKeys[name].map { Key(name: name, line: $0.value.line) }
        }
        let claim = cluster.actualVMs[vm]?.value
        nics = claim?.nics ?? []
        var networks: [NetworkID: Network] = [:]
        for id in nics.compactMap(\.network) { networks[id] = cluster.networks[id]?.value }
        self.networks = networks
        let labels = claim.map { claim in
            (cluster.hosts[claim.host]?.value.labels ?? [:])
                .merging(cluster.desiredHosts[claim.host]?.value.labels ?? [:]) { $1 }
        }
        zone = labels?[Self.zoneLabel] ?? "default"
    }

    var wanted: CloudInit { desired.value.cloudInit ?? CloudInit() }

    var hostName: String { (wanted.hostName ?? GuestHostName(of: desired.value.name)).text }

    /// What is at a path, such as `/meta-data` or `/latest/meta-data/hostname`; of a folder the names in
    /// it; nil where nothing is.
    public func text(at path: String) -> String? {
        let names = path.split(separator: "/").map { $0.removingPercentEncoding ?? String($0) }
        if names.count == 1, let file = seedFile(names[0]) { return file }
        return tree[names[...]]?.text
    }

    /// A file of NoCloud's, which is no different from the one on the seed's disk where that one is new.
    private func seedFile(_ name: String) -> String? {
        switch name {
        case "meta-data", "user-data":
            Seed(of: vm, desired, wanted, keys: keys.map(\.line)).files[name]
        case "network-config":
            wanted.networkConfig?.text ?? Seed.networkConfig(of: nics) { networks[$0] }
        // Asked for, and asked for again where it is not there.
        case "vendor-data": ""
        default: nil
        }
    }
}
