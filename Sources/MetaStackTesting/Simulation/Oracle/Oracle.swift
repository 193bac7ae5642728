import Etcd
import FoundationEssentials
import MetaStackAgent
import MetaStackDecisions
import MetaStackModel

/// Sees everything and believes nothing: checks the invariants at each change that could break one.
///
/// - I1, at each resume: no second running domain of the VM on another host. With the watchdog
///   that is asserted for every host, unless its agent stalled or died when the renewal of its lease was
///   overdue already; without the watchdog for those hosts whose agent was awake during the last lease.
/// - 3.4, at each resume: the guest's storage clients are on record, and its incarnation is the
///   claim's where the claim is its host's.
/// - I2, at each resume: every domain elsewhere that has ever run on the same disk is evicted. At each
///   accepted write: no domain writes a disk after a younger one did.
/// - I3, at each write and each boot: the counter on the disk grows, and a guest that boots finds
///   the last number that any guest of its VM knew to be written.
/// - I5, at each removal: no disk goes before its VM; at the end nothing is left over.
/// - I5, at each change of an address: none is given to a second VM, none is taken from one whose NIC has
///   it, none is left over.
/// - I6, at each claim: all claims of a host fit it.
final class Oracle {
    private let world: World
    private let options: SimulationOptions
    weak var fleet: SimulatedFleet?
    private(set) var violation: String?
    /// The last number that a guest of a VM knew to be written.
    private var acknowledged: [Life: Int64] = [:]
    private var owners: [FakeDiskPath: Life] = [:]
    private var claims: [Key: (host: HostID, ram: Mebibytes, vcpus: Int, lease: LeaseID?)] = [:]
    /// Who has which address.
    var held: [Key: HeldAddress] = [:]
    private var lastHost: [VMID: Int] = [:]
    private(set) var takeovers = 0
    private(set) var boots = 0
    private(set) var writes = 0

    /// A VM between its creation and its deletion.
    struct Life: Hashable {
        var vm: VMID
        var created: MetaStackModel.Revision
    }

    init(world: World, options: SimulationOptions) {
        self.world = world
        self.options = options
    }

    /// The first violation ends the run.
    func violated(_ words: String) {
        guard violation == nil, !world.isOver else { return }
        violation = words
        world.note("VIOLATION \(words)")
        world.isOver = true
    }

    func life(_ domain: SimulatedDomain) -> Life {
        Life(vm: domain.vm, created: domain.specification.vmCreateRevision)
    }

    // MARK: I1

    func runs(_ domain: SimulatedDomain) {
        guard let fleet else { return }
        checkRecord(domain, fleet)
        checkFence(domain, fleet)
        checkNICs(of: domain)
        boots += 1
        if let last = lastHost[domain.vm], last != domain.host { takeovers += 1 }
        lastHost[domain.vm] = domain.host
        for node in fleet.nodes where node.host.number != domain.host {
            guard let other = node.host.domains[domain.vm], other.isRunning, mustBeFenced(node)
            else { continue }
            violated(
                "I1: vm \(domain.vm) runs on host \(domain.host) (domain \(domain.serial)) and on "
                    + "host \(other.host) (domain \(other.serial))")
        }
    }

    /// A domain that stands still, or cannot be reached, may run again; nothing but its eviction keeps
    /// it from the disk.
    private func checkFence(_ domain: SimulatedDomain, _ fleet: SimulatedFleet) {
        for node in fleet.nodes where node.host.number != domain.host {
            guard let other = node.host.domains[domain.vm], other.hasRun else { continue }
            for path in domain.paths {
                guard let client = other.client(of: path),
                    !fleet.ceph.blocklist.contains(client)
                else { continue }
                violated(
                    "I2: vm \(domain.vm) runs on host \(domain.host) (domain \(domain.serial)) and "
                        + "domain \(other.serial) on host \(other.host) is not evicted")
            }
        }
    }

    /// Nothing is asked of a guest whose VM is deleted already.
    private func checkRecord(_ domain: SimulatedDomain, _ fleet: SimulatedFleet) {
        let wanted = fleet.stored(.desiredVM(domain.vm))?.createRevision.rawValue
        guard wanted == domain.specification.vmCreateRevision.number else { return }
        let history = fleet.stored(.history(domain.vm)).map {
            String(decoding: $0.value, as: UTF8.self)
        }
        for path in domain.paths {
            guard let client = domain.client(of: path) else { continue }
            if history?.contains("\"\(client.address)\"") != true {
                violated("3.4: vm \(domain.vm) runs and its client \(client) is not on record")
            }
        }
        guard let claim = fleet.claim(of: domain.vm),
            claim.value.host == fleet.nodes[domain.host].host.id
        else { return }
        if claim.incarnation != domain.specification.incarnation {
            violated(
                "3.4: vm \(domain.vm) runs as incarnation \(domain.specification.incarnation) "
                    + "under a claim of \(claim.incarnation)")
        }
    }

    func mustBeFenced(_ node: Node) -> Bool {
        let lease = options.ttl
        if options.hasWatchdog { return world.now >= node.unguardedUntil }
        return node.isLively && world.now - node.livelySince > lease
    }

    // MARK: I2, I3

    func accepts(
        _ counter: Int64, _ path: FakeDiskPath, _ client: StorageClient,
        _ domain: SimulatedDomain, last: SimulatedCeph.Image?
    ) {
        writes += 1
        guard let last else { return }
        if let writer = last.writer, writer !== domain, writer.serial > domain.serial {
            violated(
                "I2: domain \(domain.serial) of vm \(domain.vm) on host \(domain.host) writes "
                    + "\(path) after domain \(writer.serial) on host \(writer.host) did")
        } else if counter <= last.counter {
            violated(
                "I3: \(counter) is written to \(path) of vm \(domain.vm), which holds "
                    + "\(last.counter) already")
        }
    }

    func reads(_ counter: Int64, _ path: FakeDiskPath, _ domain: SimulatedDomain) {
        let known = acknowledged[life(domain)] ?? 0
        if counter < known {
            violated(
                "I3: vm \(domain.vm) boots on host \(domain.host) and finds \(counter) on \(path), "
                    + "\(known) was acknowledged")
        }
    }

    func acknowledged(_ counter: Int64, _ domain: SimulatedDomain) {
        acknowledged[life(domain)] = max(acknowledged[life(domain)] ?? 0, counter)
    }

    // MARK: I5

    /// A disk comes into being: some record must know it.
    func made(_ path: FakeDiskPath) {
        guard let fleet else { return }
        for (id, stored) in fleet.volumes where stored.allImages.contains(path.image) {
            owners[path] = Life(vm: id.vm, created: stored.vmCreateRevision)
            return
        }
        // Its maker has lost the VM meanwhile; what it makes must be known to a record at the end.
    }

    func removes(_ path: FakeDiskPath, _ image: SimulatedCeph.Image) {
        guard let fleet, let owner = owners[path], image.counter > 0,
            fleet.stored(.desiredVM(owner.vm))?.createRevision.rawValue == owner.created.number
        else { return }
        violated("I5: the disk \(path) of vm \(owner.vm) is removed while the VM is wanted")
    }

    // MARK: I6

    func committed(_ events: [WatchEvent]) {
        followAddresses(events)
        let claimsFolder = Self.claims
        for event in events where event.key.bytes.starts(with: claimsFolder) {
            switch event {
            case .put(let keyValue, _) where keyValue.version == 1: claimed(keyValue)
            case .put(let keyValue, let previous): rewritten(keyValue, previous)
            case .delete(let key, _, _):
                claims[key] = nil
                released(key)
            }
        }
    }

    /// A claim goes from one owner to another by its end, or by being handed over once the guest has
    /// left.
    private func rewritten(_ keyValue: KeyValue, _ previous: KeyValue?) {
        guard let before = claims[keyValue.key], before.lease != keyValue.lease else { return }
        claims[keyValue.key]?.lease = keyValue.lease
        guard let claim = try? ActualVM(json: keyValue.value, path: ""),  // Agents wrote it.
            claim.host != before.host, let fleet
        else { return }
        let vm = VMID(unchecked: keyValue.key.lastComponent)
        if let domain = fleet.nodes.first(where: { $0.host.id == before.host })?.host.domains[vm] {
            violated(
                "3.2: \(claim.host) gets the claim of vm \(vm) from \(before.host), which has domain "
                    + "\(domain.serial) of it")
        }
        claims[keyValue.key] = (claim.host, claim.ram, claim.vcpus, keyValue.lease)
        checkRoom(of: claim.host, fleet)
    }

    /// Release follows the end of the domain; a lease that ends with its node's claims is another
    /// matter.
    private func released(_ key: Key) {
        guard let fleet, !fleet.etcd.isRevoking else { return }
        let vm = VMID(unchecked: key.lastComponent)
        for node in fleet.nodes {
            guard let domain = node.host.domains[vm], domain.isRunning, mustBeFenced(node) else {
                continue
            }
            violated("3.6: the claim of vm \(vm) is released while domain \(domain.serial) runs")
        }
    }

    private static let claims = Array("\(SimulatedFleet.prefix)/actual_vms/".utf8)

    private func claimed(_ keyValue: KeyValue) {
        guard let fleet,
            let claim = try? ActualVM(json: keyValue.value, path: "")  // Agents wrote it.
        else { return }
        let vm = VMID(unchecked: keyValue.key.lastComponent)
        if keyValue.lease == nil { violated("3.2: the claim of vm \(vm) stands under no lease") }
        let wanted = fleet.stored(.desiredVM(vm))?.modRevision.rawValue
        if claim.state != .deleting, wanted != claim.desiredRevision?.number {
            violated("3.2: \(claim.host) claims vm \(vm), which nobody wants as it was read")
        }
        claims[keyValue.key] = (claim.host, claim.ram, claim.vcpus, keyValue.lease)
        checkRoom(of: claim.host, fleet)
    }

    private func checkRoom(of host: HostID, _ fleet: SimulatedFleet) {
        guard let node = fleet.nodes.first(where: { $0.host.id == host }) else { return }
        let held = claims.values.filter { $0.host == host }
        let ram = held.reduce(Mebibytes.zero) { $0 + $1.ram }
        let vcpus = held.reduce(0) { $0 + $1.vcpus }
        if ram > node.host.capacity.ram
            || vcpus > Overcommit.processors.of(node.host.capacity.vcpus)
        {
            violated("I6: \(host) has \(node.host.capacity.ram) and claims \(ram)")
        }
    }
}

extension SimulatedFleet {
    fileprivate var volumes: [(VolumeID, Volume)] {
        let folder = Array("\(Self.prefix)/volumes/".utf8)
        return etcd.space.keys.values.filter { $0.key.bytes.starts(with: folder) }
            .compactMap { keyValue in
                guard let id = try? VolumeID(keyValue.key.lastComponent),  // Agents wrote them.
                    let volume = try? Volume(json: keyValue.value, path: "")
                else { return nil }
                return (id, volume)
            }
    }
}
