import LinuxNetwork
import MetaStackAgent
import MetaStackModel

/// A deliberate mistake in the protocol, planted at the agent's seams: between the agent and etcd,
/// the storage, the hypervisor and chance. Each must be caught by the oracle.
public enum Mutation: String, CaseIterable, Sendable {
    // At the storage.
    case noEviction = "no-eviction"
    case evictAfterStart = "evict-after-start"
    case evictWatchersOnly = "evict-watchers-only"
    case liftTooEarly = "lift-too-early"
    case liftAtOnce = "lift-at-once"
    case recordsBeforeImage = "records-before-image"
    // At the hypervisor.
    case resumeBeforeRecord = "resume-before-record"
    case releaseBeforeDestroy = "release-before-destroy"
    case noSuspend = "no-suspend"
    case suspendAlone = "suspend-alone"
    case spareTheDeaf = "spare-the-deaf"
    case resumeOnArrival = "resume-on-arrival"
    case releaseBeforeUnplug = "release-before-unplug"
    case adoptAnything = "adopt-anything"
    // At etcd.
    case trustLease = "trust-lease"
    case blindOutage = "blind-outage"
    case watchWithoutList = "watch-without-list"
    case claimUnwanted = "claim-unwanted"
    case claimWithoutLease = "claim-without-lease"
    case claimTwice = "claim-twice"
    case recordBlindly = "record-blindly"
    case claimInPlaceBlindly = "claim-in-place-blindly"
    case handOverBlindly = "hand-over-blindly"
    case forgetAsking = "forget-asking"
    case giveTwice = "give-without-absent-condition"
    case keepAddresses = "keep-addresses"
    // At the networks.
    case plugBeforeRules = "plug-before-rules"
    // At chance.
    case reuseNames = "reuse-names"

    /// What is wrong with it.
    public var words: String {
        switch self {
        case .noEviction: "former writers are not evicted"
        case .evictAfterStart: "former writers are evicted 2 s after the new guest was started"
        case .evictWatchersOnly: "only present watchers are evicted, recorded clients are not"
        case .liftTooEarly: "evictions end after 1 s, whether the old domain is gone or not"
        case .liftAtOnce: "evictions end with the old domain, whatever of it is on its way"
        case .recordsBeforeImage: "disks are removed after their records, if at all"
        case .resumeBeforeRecord: "a new guest runs before its storage clients are on record"
        case .releaseBeforeDestroy: "a domain counts as gone while it still shuts down"
        case .noSuspend: "guests of an unproven session are not suspended"
        case .suspendAlone: "guests are suspended and their moves go on"
        case .spareTheDeaf: "guests that cannot be suspended run on"
        case .resumeOnArrival: "a guest that arrives from another host runs before its claim comes"
        case .releaseBeforeUnplug: "a NIC counts as gone when its guest is asked to let it go"
        case .giveTwice: "an address is given without a look whether somebody has it"
        case .keepAddresses: "the addresses of a VM that is gone stay on record"
        case .plugBeforeRules: "a guest's network and its rules are made a second late"
        case .adoptAnything: "a domain that is here is gone on with, whoever has owned its VM since"
        case .trustLease: "a keepalive without an answer counts as answered"
        case .blindOutage: "members that are silent count as members that are down"
        case .watchWithoutList: "after a compaction the watch goes on from now without a list"
        case .claimUnwanted: "a claim does not compare the desired record"
        case .claimWithoutLease: "a claim stands under no lease"
        case .claimTwice: "a claim does not compare that there is none"
        case .recordBlindly: "a guest is recorded whatever has become of its claim and lease"
        case .handOverBlindly: "a claim is handed over whatever has become of it and of the target"
        case .forgetAsking: "that a guest was asked to shut down is not put on record"
        case .claimInPlaceBlindly: "a claim in place compares neither history nor evictions"
        case .reuseNames: "images are named after their VM alone"
        }
    }

    /// Whether only NICs on networks show it.
    var isOfNetworks: Bool {
        switch self {
        case .releaseBeforeUnplug, .giveTwice, .keepAddresses, .plugBeforeRules: true
        case .noEviction, .evictAfterStart, .evictWatchersOnly, .liftTooEarly, .liftAtOnce,
            .recordsBeforeImage, .resumeBeforeRecord, .releaseBeforeDestroy, .noSuspend,
            .spareTheDeaf, .resumeOnArrival,
            .adoptAnything, .trustLease, .blindOutage, .watchWithoutList, .claimUnwanted,
            .claimWithoutLease, .claimTwice, .recordBlindly, .claimInPlaceBlindly, .handOverBlindly,
            .forgetAsking, .suspendAlone, .reuseNames:
            false
        }
    }

    /// Puts the mistake between a process and its parts.
    func plant(
        in real: SimulatedFleet.Parts, _ node: Node, _ fleet: SimulatedFleet
    ) -> SimulatedFleet.Parts {
        SimulatedFleet.Parts(
            etcd: MutatedEtcd(real: real.etcd, mutation: self, host: node.host.id),
            hypervisor: MutatedHypervisor(
                real: real.hypervisor, mutation: self, host: node.host, fleet: fleet),
            storage: MutatedStorage(
                real: real.storage, mutation: self, ceph: fleet.ceph, world: fleet.world),
            network: self == .plugBeforeRules
                ? real.network.map { LateNetwork(real: $0, world: fleet.world) } : real.network,
            random: self == .reuseNames ? NoRandom() : real.random)
    }
}

/// Chance that always says the same.
private struct NoRandom: NodeRandom {
    func next() -> UInt64 { 0 }
}

/// Networks that are said to stand before they do.
///
/// `@unchecked Sendable`: see ``World``.
private struct LateNetwork: GuestNetwork, @unchecked Sendable {
    let real: any GuestNetwork
    let world: World

    func plane() async throws -> HostPlane { try await real.plane() }

    func damage() async throws -> AsyncStream<Void> { try await real.damage() }

    func answerMetadata(with answer: @escaping MetadataAnswering) {
        real.answerMetadata(with: answer)
    }

    func converge(_ wanted: HostNetworks) async throws -> GuestNetworkReport {
        let report = try await FakeGuestNetwork().converge(wanted)
        world.after(.seconds(1)) { [real] in
            (real as? FakeGuestNetwork)?.set(wanted)
        }
        return report
    }
}
