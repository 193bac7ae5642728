import Logging
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import Synchronization

/// This host's record: what it has, what claims have taken of it, and what is wrong with it.
final class HostRecord: Sendable {
    /// What stays the same while the agent runs.
    struct Fixed: Sendable {
        var name: HostID
        var labels: [String: String]
        var reservedRAM: Mebibytes
        var addresses: [String]
        /// What the configuration names, whether it is there or not.
        var bridge: String
        var version: String
        var since: Timestamp
    }

    private struct State {
        var capacity: HypervisorCapacity
        var pools: [PoolName]
        /// What is wrong, by the part of the host that said so.
        var messages: [Part: String] = [:]
        var storage = StorageReport()
        var links = HostLinks()
        var plane: HostPlane?
    }

    /// A part of the host that can be out of order.
    enum Part: String, Comparable {
        case hypervisor
        case storage

        static func < (left: Part, right: Part) -> Bool { left.rawValue < right.rawValue }
    }

    private let fixed: Fixed
    private let state: Mutex<State>
    private let store: ClusterStore
    private let view: NodeView
    private let clock: any NodeClock
    private let logger: Logger

    init(
        _ fixed: Fixed, capacity: HypervisorCapacity, store: ClusterStore, view: NodeView,
        clock: any NodeClock, logger: Logger
    ) {
        self.fixed = fixed
        state = Mutex(State(capacity: capacity, pools: []))
        self.store = store
        self.view = view
        self.clock = clock
        self.logger = logger
    }

    /// Says what is wrong with a part of the host, or nil when nothing is any more.
    ///
    /// - Returns: whether that is new.
    func setMessage(_ message: String?, from part: Part) -> Bool {
        state.withLock { state in
            let known = state.messages[part]
            state.messages[part] = message
            return known != message
        }
    }

    /// Says what was found in the storage.
    ///
    /// - Returns: whether that is new.
    func setStorage(_ report: StorageReport) -> Bool {
        state.withLock { state in
            defer { state.storage = report }
            return state.storage != report
        }
    }

    /// Says which bridges and uplinks there are.
    ///
    /// - Returns: whether that is new.
    func setLinks(_ links: HostLinks) -> Bool {
        state.withLock { state in
            defer { state.links = links }
            return state.links != links
        }
    }

    /// Says what the host can do for networks.
    ///
    /// - Returns: whether that is new.
    @discardableResult
    func setPlane(_ plane: HostPlane?) -> Bool {
        state.withLock { state in
            defer { state.plane = plane }
            return state.plane != plane
        }
    }

    func setCapacity(_ capacity: HypervisorCapacity) {
        state.withLock { $0.capacity = capacity }
    }

    func setPools(_ pools: [PoolName]) {
        state.withLock { $0.pools = pools }
    }

    /// Puts the record under a new lease.
    ///
    /// Another machine's record under the same name is left alone while its lease lives: two hosts
    /// of one name would take each other's claims for their own.
    func publish(under lease: LeaseNumber) async throws -> WriteResult {
        let key = RecordKey.host(fixed.name)
        let known = try await store.read(key)
        if let machine = machine(in: known) {
            logger.error(
                "another machine uses this host's name, give each node its own node.name",
                metadata: ["node": "\(fixed.name)", "machine": "\(machine)"])
            return .conflict
        }
        return try await store.write(
            [.put(key, record(lease), lease: lease)],
            if: [known.map { .unchanged(key, since: $0.revision) } ?? .absent(key)])
    }

    /// The machine that a host record is of, where it is not this one.
    private func machine(in raw: RawRecord?) -> String? {
        guard let raw, let json = raw.json,
            let host = try? Host(json: json, path: raw.path)  // A malformed one is replaced.
        else { return nil }
        let mine = state.withLock { $0.capacity.machine }
        return host.machine.isEmpty || host.machine == mine ? nil : host.machine
    }

    /// Publishes what has changed; nothing where nothing has.
    func publishChange(under lease: LeaseNumber) async throws {
        let key = RecordKey.host(fixed.name)
        let record = record(lease)
        guard let known = view.cluster.hosts[fixed.name], known.lease == lease,
            known.value != record
        else { return }
        _ = try await store.write(
            [.put(key, record, lease: lease)], if: [.unchanged(key, since: known.revision)])
    }

    private func record(_ lease: LeaseNumber) -> Host {
        let used = view.placement[fixed.name]
        let hold = view.takeoverHold(at: clock.now)
        let ttl = view.read { $0.session.ttl }
        return state.withLock { state in
            let messages = state.messages.sorted { $0.key < $1.key }.map(\.value)
            return Host(
                name: fixed.name, totalRAM: state.capacity.ram, usedRAM: used?.usedRAM ?? .zero,
                reservedRAM: fixed.reservedRAM, totalVCPU: state.capacity.vcpus,
                usedVCPU: used?.usedVCPU ?? 0, lease: lease.description,
                leaseTTL: Int(ttl / .milliseconds(1)), takeoversHeld: hold?.reason,
                machine: state.capacity.machine, addresses: fixed.addresses, labels: fixed.labels,
                version: fixed.version, hypervisor: state.capacity.description,
                domainType: state.capacity.domainType, architecture: state.capacity.architecture,
                cpu: state.capacity.cpu, pools: state.pools,
                networks: Set(state.links.bridges + [fixed.bridge]).sorted(),
                interfaces: state.links.uplinks, plane: state.plane,
                storage: state.storage,
                message: messages.isEmpty ? nil : messages.joined(separator: "; "),
                since: fixed.since)
        }
    }
}
