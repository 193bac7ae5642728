package import MetaStackModel

/// Which events somebody wants to see: those of certain VMs, and of certain hosts.
package struct EventFilter: Sendable, Equatable {
    /// nil lets every one through.
    private var vms: Set<String>?
    private var hosts: Set<String>?

    /// - Parameters:
    ///   - vm, host: a name, an id, or the beginning of an id that no other has. Several VMs may
    ///     have had a name one after the other: all of them are meant.
    ///   - cluster: what there is now.
    ///   - events: what there was.
    /// - Throws: `CommandFailure` (not found, or usage where it is not clear which is meant).
    package init(
        vm: String? = nil, host: String? = nil, in cluster: Cluster, and events: [ClusterEvent]
    ) throws(CommandFailure) {
        if let vm {
            var known = cluster.vmNames.known.map { ($0.id, $0.name ?? $0.id.text) }
            known += events.filter { $0.kind == .vm }.map { (VMID(unchecked: $0.id), $0.name) }
            let named = Set(known.filter { $0.1 == vm }.map(\.0.text))
            vms =
                named.isEmpty ? [try Self.find(vm, "vm", known).text, vm] : named.union([vm])
        }
        if let host {
            var known = cluster.hostNames.known.map { ($0.id, $0.id.text) }
            known += events.flatMap(\.hosts).map { ($0, $0.text) }
            hosts = [try Self.find(host, "host", known).text]
        }
    }

    private static func find<ID: Identifier>(
        _ text: String, _ kind: String, _ known: [(ID, String)]
    ) throws(CommandFailure) -> ID {
        let unique = Dictionary(known) { $1 }
        return try NameLookup(kind: kind, known: unique.map { ($0.key, $0.value) }).find(text)
    }

    package func matches(_ event: ClusterEvent) -> Bool {
        if let vms, event.kind != .vm || !vms.contains(event.id) && !vms.contains(event.name) {
            return false
        }
        return hosts.map { !$0.isDisjoint(with: event.hosts.map(\.text)) } ?? true
    }
}
