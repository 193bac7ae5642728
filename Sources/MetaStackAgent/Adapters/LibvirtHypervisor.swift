import Foundation
import Libvirt
import Logging
import MetaStackDecisions
import MetaStackModel
import Synchronization

/// Guests through libvirt. A domain is MetaStack's where it carries MetaStack's metadata; all
/// others are as if they were not there.
final class LibvirtHypervisor: Hypervisor {
    /// What a domain needs beyond what its VM says.
    struct Settings: Sendable {
        var uri: String
        /// Where other hosts send guests that come here.
        var migrationURI: String
        var bridge: String
        /// What the bridges are made with.
        var driver = NetworkDriver.linux
        /// The Ceph user's secret in libvirt; nil without Ceph.
        var secret: CephSecret?
    }

    /// A Ceph user's key, for libvirt to hand to QEMU.
    struct CephSecret: Sendable {
        var uuid: UUID
        var user: String
        var key: String
    }

    private let settings: Settings
    private let choice: DomainTypeChoice
    private let guestProcesses = GuestProcesses()
    private let logger: Logger
    private let current = Mutex<LibvirtConnection?>(nil)

    init(_ settings: Settings, choice: DomainTypeChoice, logger: Logger) {
        self.settings = settings
        self.choice = choice
        self.logger = logger
    }

    // MARK: Connection

    /// Connects anew and gives libvirt the Ceph secret, which it forgets when it restarts.
    func connect() async throws {
        let connection = try await LibvirtConnection.open(uri: settings.uri)
        if let secret = settings.secret {
            guard let key = Data(base64Encoded: secret.key) else {
                throw HypervisorError.badKey(user: secret.user)
            }
            try await connection.setCephSecret(
                uuid: secret.uuid, usage: "client.\(secret.user)", key: key)
        }
        current.withLock { $0 = connection }
    }

    private func connection() throws -> LibvirtConnection {
        guard let connection = current.withLock({ $0 }) else {
            throw HypervisorError.disconnected(uri: settings.uri)
        }
        return connection
    }

    // MARK: Looking

    func capacity() async throws -> HypervisorCapacity {
        let connection = try connection()
        let node = try await connection.nodeInformation()
        let foreign = try await memoryOfOthers(connection)
        let type = await choice.made
        return HypervisorCapacity(
            ram: Mebibytes(bytes: Int64(max(0, node.memoryBytes - foreign))), vcpus: node.cpus,
            machine: try await connection.machineUUID(),
            description:
                "\(node.hypervisor) \(node.hypervisorVersion) (libvirt \(node.libvirtVersion))",
            domainType: type ?? "", architecture: node.cpuModel,
            cpu: type == "kvm" ? try await processors(connection) : nil)
    }

    private func processors(_ connection: LibvirtConnection) async throws -> ProcessorModel? {
        guard let model = try await connection.hostModel(of: .kvm) else { return nil }
        return ProcessorModel(
            model: model.name, vendor: model.vendor ?? "", features: model.features)
    }

    /// In bytes: what guests have that MetaStack did not make.
    private func memoryOfOthers(_ connection: LibvirtConnection) async throws -> Int {
        var sum = 0
        for domain in try await connection.domains() where !DomainNaming.isOurs(domain.name) {
            do {
                let statistics = try await domain.statistics()
                if statistics.state.isActive { sum += statistics.maximumMemoryBytes }
            } catch let error as LibvirtError where error.isNoDomain {
                continue  // It has just ended.
            }
        }
        return sum
    }

    func domains() async throws -> [LocalDomain] {
        var found: [LocalDomain] = []
        for domain in try await connection().domains() where DomainNaming.isOurs(domain.name) {
            if let local = try await local(domain) { found.append(local) }
        }
        return found
    }

    func domain(of vm: VMID) async throws -> LocalDomain? {
        guard let domain = try await connection().domain(named: DomainNaming.name(of: vm)) else {
            return nil
        }
        return try await local(domain)
    }

    /// nil where the domain is not MetaStack's, or went away while it was looked at.
    private func local(_ domain: Domain) async throws -> LocalDomain? {
        do {
            let reading = try await domain.reading()
            guard let mark = DomainMark(reading) else { return nil }
            return LocalDomain(
                vm: mark.vm, incarnation: mark.incarnation, vmCreateRevision: mark.vmCreateRevision,
                state: LocalDomain.State(try await domain.state()),
                nics: reading.nics.compactMap(LocalDomain.NIC.init))
        } catch let error as LibvirtError where error.isNoDomain {
            return nil
        }
    }

    func figures() async throws -> [GuestFigures] {
        try await connection().statistics().compactMap { statistics in
            DomainNaming.vm(of: statistics.name).map { GuestFigures(statistics, of: $0) }
        }
    }

    // MARK: Acting

    func create(_ guest: GuestSpecification) async throws {
        try makeFolder(of: guest.console)
        let description = DomainDescription(
            guest, type: try await choice.type(), bridge: settings.bridge,
            driver: settings.driver, secret: settings.secret?.uuid)
        _ = try await connection().create(description, paused: true)
    }

    func resume(_ vm: VMID) async throws { try await existing(vm).resume() }

    func suspend(_ vm: VMID, within limit: Duration) async throws {
        try await leavingBehind(after: limit) { [self] in try await existing(vm).standStill() }
    }

    func shutDown(_ vm: VMID) async throws { try await existing(vm).shutdown() }

    func attach(_ nic: GuestNIC, to vm: VMID) async throws {
        try await existing(vm).attach(
            NIC(nic, bridge: settings.bridge, driver: settings.driver))
    }

    func detach(_ nic: InterfaceName, from vm: VMID) async throws {
        try await ours(vm)?.detach(nic.text)
    }

    func destroy(_ vm: VMID) async throws {
        guard let domain = try await ours(vm) else { return }
        do {
            try await domain.destroy()
            if try await domain.isPersistent { try await domain.undefine() }
        } catch let error as LibvirtError where error.isNoDomain || error.isOperationInvalid {
            return  // It ended by itself meanwhile.
        }
    }

    // MARK: Moving

    /// A guest with much memory that it changes all the time moves slowly; its owner breaks off what is
    /// not wanted any more.
    private static let longestMigration = Duration.seconds(24 * 3600)

    func invitation(console: String?) async throws -> String {
        try makeFolder(of: console)
        return settings.migrationURI
    }

    func migrate(_ vm: VMID, to uri: String) async throws {
        try await existing(vm).migrate(to: uri, deadline: Self.longestMigration)
    }

    func abortMigration(of vm: VMID) async throws { try await ours(vm)?.abortMigration() }

    func migrationProgress(of vm: VMID) async throws -> Int? {
        guard let progress = try await ours(vm)?.migrationProgress() else { return nil }
        return Int(
            100 * (progress.total - min(progress.total, progress.remaining)) / progress.total)
    }

    private func makeFolder(of console: String?) throws {
        guard let console else { return }
        try FileManager.default.createDirectory(
            atPath: (console as NSString).deletingLastPathComponent,
            withIntermediateDirectories: true)
    }

    // MARK: Processes

    func processes() async -> [VMID] { guestProcesses.list() }

    func kill(_ vm: VMID) async throws { try guestProcesses.kill(vm) }

    private func existing(_ vm: VMID) async throws -> Domain {
        guard let domain = try await ours(vm) else { throw HypervisorError.noDomain(vm) }
        return domain
    }

    /// The VM's domain, where there is one and it is MetaStack's.
    private func ours(_ vm: VMID) async throws -> Domain? {
        guard let domain = try await connection().domain(named: DomainNaming.name(of: vm)),
            try await local(domain) != nil
        else { return nil }
        return domain
    }

    // MARK: Events

    func events() -> AsyncStream<HypervisorEvent> {
        let (events, continuation) = AsyncStream<HypervisorEvent>.makeStream()
        let following = Task { await follow(continuation) }
        continuation.onTermination = { _ in following.cancel() }
        return events
    }

    /// Hands on events, and connects again as often as the connection breaks.
    private func follow(_ events: AsyncStream<HypervisorEvent>.Continuation) async {
        while !Task.isCancelled {
            if let connection = current.withLock({ $0 }) {
                let stream = connection.events()
                events.yield(.listAgain)
                for await event in stream { hand(event, to: events) }
                guard !Task.isCancelled else { return }
                current.withLock { $0 = nil }
                await connection.close()
                events.yield(.disconnected("the connection to \(settings.uri) broke"))
            }
            do {
                try await connect()
            } catch {
                events.yield(.disconnected("\(error)"))
                // Cancelled: the loop's condition sees it.
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func hand(
        _ event: DomainEvent, to events: AsyncStream<HypervisorEvent>.Continuation
    ) {
        guard let domain = event.domain else {
            events.yield(.listAgain)
            return
        }
        guard let vm = DomainNaming.vm(of: domain.name) else {
            // Somebody else's guest takes or gives back memory.
            if case .lifecycle(_, let change) = event, change.isStartOrStop {
                events.yield(.listAgain)
            }
            return
        }
        if case .lifecycle(_, .stopped(let reason)) = event {
            events.yield(.ended(vm, GuestExit(reason)))
        } else {
            events.yield(.changed(vm))
        }
    }
}

extension LifecycleChange {
    /// Whether a guest takes memory or gives it back.
    fileprivate var isStartOrStop: Bool {
        switch self {
        case .started, .stopped: true
        case .defined, .undefined, .suspended, .resumed, .shutDown, .sleeping, .crashed, .other:
            false
        }
    }
}

extension DomainState {
    /// Whether it has a process, and so memory.
    fileprivate var isActive: Bool {
        switch self {
        case .running, .blocked, .paused, .shutdown, .sleeping, .unknown: true
        case .shutoff, .crashed: false
        }
    }
}

/// Why the hypervisor could not be asked.
enum HypervisorError: Error, CustomStringConvertible {
    case disconnected(uri: String)
    case noDomain(VMID)
    case badKey(user: String)

    var description: String {
        switch self {
        case .disconnected(let uri): "libvirt at \(uri) is not there"
        case .noDomain(let vm): "VM \(vm) has no domain on this host"
        case .badKey(let user): "the key of client.\(user) is no base64: check its keyring"
        }
    }
}
