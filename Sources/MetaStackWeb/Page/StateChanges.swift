import DequeModule
import MetaStackDecisions
import MetaStackManagement
import MetaStackModel
import Synchronization

/// One thing that came to be in another state, as this server saw it.
struct StateChange: Sendable, Equatable {
    let at: Timestamp
    let thing: ChangedThing
    let name: String
    /// nil where it was not there.
    let before: StateView?
    /// nil where it is not there any more.
    let after: StateView?
    let message: String?
}

/// Remembers the newest changes of state of VMs, hosts and images, for the page of events.
///
/// Nobody writes events to etcd, so that they begin with the server and end with it.
final class StateChanges: Sendable {
    static let most = 500

    private struct Known {
        var state: StateView
        var name: String
    }

    private struct State {
        var known: [ChangedThing: Known] = [:]
        var changes: Deque<StateChange> = []
        var isBegun = false
    }

    private let state = Mutex(State())
    private let now: @Sendable () -> Timestamp

    init(now: @escaping @Sendable () -> Timestamp) { self.now = now }

    var newestFirst: [StateChange] { state.withLock { $0.changes.reversed() } }

    /// Follows the mirror until its task is cancelled.
    func follow(_ mirror: ClusterMirror) async {
        while !Task.isCancelled {
            // A stream that ended because this reader was too slow is begun anew.
            let updates = mirror.subscribe()
            if let cluster = mirror.cluster { compare(cluster, nil) }
            for await update in updates {
                guard let cluster = mirror.cluster else { continue }
                if update.isReload {
                    compare(cluster, nil)
                } else if !update.changed.isEmpty {
                    compare(cluster, Set(update.changed.flatMap(ChangedThing.all)))
                }
            }
        }
    }

    /// - Parameter things: those that may have changed; nil for all.
    func compare(_ cluster: Cluster, _ things: Set<ChangedThing>?) {
        let at = now()
        lazy var placement = Placement(cluster)
        state.withLock { state in
            let looked = things ?? Set(Self.things(in: cluster)).union(state.known.keys)
            for thing in looked.sorted() {
                let new = Self.look(at: thing, in: cluster, placement)
                let old = state.known[thing]
                state.known[thing] = new.map { Known(state: $0.state, name: $0.name) }
                guard state.isBegun, old?.state != new?.state else { continue }
                state.changes.append(
                    StateChange(
                        at: at, thing: thing, name: new?.name ?? old?.name ?? thing.id,
                        before: old?.state, after: new?.state, message: new?.message))
                if state.changes.count > Self.most { state.changes.removeFirst() }
            }
            state.isBegun = true
        }
    }

    private static func things(in cluster: Cluster) -> [ChangedThing] {
        cluster.vmIDs.map { ChangedThing(kind: .vm, id: $0.text) }
            + cluster.hostNames.known.map { ChangedThing(kind: .host, id: $0.id.text) }
            + cluster.imageNames.known.map { ChangedThing(kind: .image, id: $0.id.text) }
    }

    private static func look(
        at thing: ChangedThing, in cluster: Cluster, _ placement: @autoclosure () -> Placement
    ) -> (state: StateView, name: String, message: String?)? {
        guard thing.exists(in: cluster) else { return nil }
        switch thing.kind {
        case .vm:
            let vm = VMOverview(VMID(unchecked: thing.id), in: cluster)
            let status = VMStatus(vm, in: cluster, placement: placement())
            return (StateView(status.word), vm.name, status.message)
        case .host:
            let id = HostID(unchecked: thing.id)
            return (
                StateView(HostStatus(id, in: cluster)), id.text, cluster.hosts[id]?.value.message
            )
        case .image:
            let id = ImageID(unchecked: thing.id)
            let status = ImageStatus(id, in: cluster)
            // Without its progress, each step of which would be a change.
            let state = StateView(status.word.rawValue, status.word == .ready ? .good : .busy)
            return (state, cluster.images[id]?.value.name.text ?? id.text, status.message)
        case .flavour, .volume, .config: return nil
        }
    }
}
