public import MetaStackModel

/// A domain of a VM on this host, as the hypervisor tells it.
public struct LocalDomain: Sendable, Equatable {
    public enum State: Sendable, Equatable {
        case running
        /// Stopped by MetaStack: created so, or suspended.
        case paused
        /// Stopped by a write error: evicted, or the storage is away.
        case ioError
        /// Defined, or in its last moments; its processors do not run.
        case ended(reason: String)
    }

    public var vm: VMID
    /// The claim that it was created under.
    public var incarnation: Incarnation
    /// Tells the VM from a later one under the same id.
    public var vmCreateRevision: Revision
    public var state: State
    /// Those that its guest has.
    public var nics: [NIC]

    /// A NIC as the hypervisor tells it.
    public struct NIC: Sendable, Equatable {
        /// The host's end of it, which tells it from all others.
        public var interface: InterfaceName
        public var mac: MACAddress

        public init(interface: InterfaceName, mac: MACAddress) {
            self.interface = interface
            self.mac = mac
        }
    }

    public init(
        vm: VMID, incarnation: Incarnation, vmCreateRevision: Revision, state: State,
        nics: [NIC] = []
    ) {
        self.vm = vm
        self.incarnation = incarnation
        self.vmCreateRevision = vmCreateRevision
        self.state = state
        self.nics = nics
    }
}

/// All that the decision about one VM on one node rests on.
public struct GuestSituation: Sendable, Equatable {
    public var vm: VMID
    public var me: HostID
    /// This node's lease: a claim of its own under an older one wants to be carried over.
    public var lease: LeaseNumber
    public var desired: Stored<DesiredVM>?
    public var claim: Stored<ActualVM>?
    public var volumes: [VolumeID: Stored<Volume>]
    /// Those that the VM holds.
    public var addresses: [AddressID: Stored<HeldAddress>]
    public var history: Stored<VMHistory>?
    /// One of the VM's records cannot be read: then nothing is done to it, whatever the others say.
    public var malformed: MalformedRecord?
    public var domain: LocalDomain?
    /// Where the guest has ended: how, as far as this agent saw it.
    public var exit: GuestExit?
    /// What the records say of the seed that the guest shall have; looked at before a start alone.
    public var seed = Seed.Wish.none
    /// Why this node takes no VM over just now.
    public var hold: TakeoverHold?
    /// What the target of the VM's move has said.
    public var arrival: Stored<Arrival>?
    /// Whether the VM shall move.
    public var move = MoveRules.Verdict.stay
    /// What people are told of moves while the guest runs; nil where there is nothing to tell.
    public var moveNote: String?
    /// What is to be done about the NICs of a guest that runs.
    public var nics = LiveNICs()
    /// Whether this agent has begun the move that the claim speaks of. One that an earlier agent began is
    /// given up: nobody knows how far it came.
    public var hasBegunMove = false
    /// The storage is away from this host, for long, and another one could run the VM.
    public var cannotServe = false

    /// Images that this node made, or tried to, and that no record names any more: somebody else owned
    /// the VM meanwhile.
    public var orphans: [DiskImage] = []

    /// Gathers what the records say of one VM.
    public init(
        vm: VMID, me: HostID, lease: LeaseNumber, in cluster: Cluster, domain: LocalDomain?,
        exit: GuestExit? = nil
    ) {
        self.vm = vm
        self.me = me
        self.lease = lease
        desired = cluster.desiredVMs[vm]
        claim = cluster.actualVMs[vm]
        volumes = cluster.volumes[vm] ?? [:]
        addresses = Dictionary(
            uniqueKeysWithValues: cluster.addresses.held(by: vm).map { ($0.id, $0.held) })
        history = cluster.histories[vm]
        arrival = cluster.arrivals[vm]
        self.domain = domain
        self.exit = exit
        if let desired, claim?.value.host == me {
            seed = Seed.wish(
                of: vm, desired, in: cluster, hasOne: volumes[.seed(of: vm)] != nil)
        }
        let keys: [RecordKey] = [
            .desiredVM(vm), .actualVM(vm), .history(vm), .volume(VolumeID(vm: vm)),
            .volume(.seed(of: vm)),
        ]
        malformed =
            cluster.malformed.isEmpty
            ? nil : keys.lazy.compactMap { cluster.malformed[$0.path] }.first
    }

    /// Whether nothing is left of the VM, here or on record.
    public var isOver: Bool {
        desired == nil && claim == nil && history == nil && volumes.isEmpty && addresses.isEmpty
            && domain == nil
    }
}

/// An image in the storage.
public struct DiskImage: Hashable, Comparable, Sendable {
    public var pool: PoolName
    public var name: String

    public init(pool: PoolName, name: String) {
        self.pool = pool
        self.name = name
    }

    public static func < (left: Self, right: Self) -> Bool {
        (left.pool, left.name) < (right.pool, right.name)
    }
}

/// How a guest ended.
public enum GuestExit: Sendable, Equatable {
    /// It shut itself down.
    case shutDown
    /// The operating system in it, or QEMU, died.
    case crashed(reason: String)
}
