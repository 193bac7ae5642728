/// What outlives a VM's claim: `vm_history/<vm_id>`. Written by nodes only.
///
/// The next owner reads here whom it must evict before its guest may write.
public struct VMHistory: Record {
    /// How many takeovers a record remembers.
    public static let takeoversKept = 10

    /// Tells the VM from a later one under the same id.
    public var vmCreateRevision: Revision
    /// The last owner.
    public var host: HostID
    public var incarnation: Incarnation
    /// Storage clients that may still write the disks; emptied when their domain is known gone.
    public var clients: [StorageClient]
    /// Clients that were evicted and whose domains are not known to be gone yet.
    public var evicted: [EvictedClient]
    /// How often a guest of this VM was resumed after its creation.
    public var boots: Int
    @Rare public var lastExit: String?
    /// How often in a row the guest crashed soon after it was started, wherever it ran; a guest that
    /// lasted sets it back.
    public var crashes: Int
    /// The revision of the desired record for which the guest has ended and stays so; written again,
    /// the record asks for another start.
    @Rare public var endedFor: Revision?
    /// Whether MetaStack has asked the guest to shut down since its start. The guest may go on for a while,
    /// and nobody may want it to end any more by then.
    public var askedToEnd: Bool
    /// The last order to move that was fulfilled.
    @Rare public var movedFor: String?
    /// Changes of owner that nobody asked for, the newest last; the last ``takeoversKept`` of them.
    public var takeovers: [Takeover]
    public var rest: [String: JSONValue]

    public init(
        vmCreateRevision: Revision, host: HostID, incarnation: Incarnation,
        clients: [StorageClient] = [], evicted: [EvictedClient] = [], boots: Int = 0,
        lastExit: String? = nil, crashes: Int = 0, endedFor: Revision? = nil,
        askedToEnd: Bool = false, movedFor: String? = nil, takeovers: [Takeover] = [],
        rest: [String: JSONValue] = [:]
    ) {
        self.vmCreateRevision = vmCreateRevision
        self.host = host
        self.incarnation = incarnation
        self.clients = clients
        self.evicted = evicted
        self.boots = boots
        self.lastExit = lastExit
        self.crashes = crashes
        self.endedFor = endedFor
        self.askedToEnd = askedToEnd
        self.movedFor = movedFor
        self.takeovers = takeovers
        self.rest = rest
    }

    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        vmCreateRevision = try fields.required("vm_create_revision")
        host = try fields.required("host")
        incarnation = try fields.required("incarnation")
        clients = try fields.optional("clients", default: [])
        evicted = try fields.optional("evicted", default: [])
        boots = try fields.optional("boots", default: 0)
        lastExit = try fields.optional("last_exit")
        crashes = try fields.optional("crashes", default: 0)
        endedFor = try fields.optional("ended_for")
        askedToEnd = try fields.optional("asked_to_end", default: false)
        movedFor = try fields.optional("moved_for")
        takeovers = try fields.optional("takeovers", default: [])
        rest = try fields.rest()
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: rest)
        try fields.put("vm_create_revision", vmCreateRevision)
        try fields.put("host", host)
        try fields.put("incarnation", incarnation)
        if !clients.isEmpty { try fields.put("clients", clients) }
        if !evicted.isEmpty { try fields.put("evicted", evicted) }
        try fields.put("boots", boots)
        try fields.put("last_exit", lastExit)
        if crashes > 0 { try fields.put("crashes", crashes) }
        try fields.put("ended_for", endedFor)
        if askedToEnd { try fields.put("asked_to_end", true) }
        try fields.put("moved_for", movedFor)
        if !takeovers.isEmpty { try fields.put("takeovers", takeovers) }
    }
}

/// A client that may not write any more, and the host whose word lifts that.
public struct EvictedClient: Hashable, Sendable, Codable {
    public let client: StorageClient
    /// Where its domain ran.
    public let host: HostID
    /// When it was evicted.
    public let at: Timestamp

    public init(client: StorageClient, host: HostID, at: Timestamp) {
        self.client = client
        self.host = host
        self.at = at
    }
}
