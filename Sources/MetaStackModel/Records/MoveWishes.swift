/// How a VM may be moved, and where to: fields of `desired_vms/<vm_id>`.
public struct MoveWishes: Sendable, Equatable {
    /// One move that somebody asked for: `move`.
    public struct Order: Sendable, Equatable, Codable {
        /// Tells it from others; it is fulfilled once.
        public var id: String
        /// The host that it leaves: on any other it is fulfilled.
        public var from: HostID
        /// The host that it goes to; nil for the best.
        public var to: HostID?
        /// Whether the guest is shut down for it.
        public var offline: Bool

        public init(id: String, from: HostID, to: HostID? = nil, offline: Bool = false) {
            self.id = id
            self.from = from
            self.to = to
            self.offline = offline
        }

        private enum CodingKeys: String, CodingKey { case id, from, to, offline }

        public init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            id = try fields.decode(String.self, forKey: .id)
            from = try fields.decode(HostID.self, forKey: .from)
            to = try fields.decodeIfPresent(HostID.self, forKey: .to)
            offline = try fields.decodeIfPresent(Bool.self, forKey: .offline) ?? false
        }
    }

    @Rare public var order: Order?
    /// Whether a host in maintenance may shut the guest down to start it elsewhere, where it cannot be
    /// moved live.
    public var offline: Bool
    /// Whether it goes back to the host that it left for maintenance.
    public var goesBack: Bool

    public init(order: Order? = nil, offline: Bool = false, goesBack: Bool = false) {
        self.order = order
        self.offline = offline
        self.goesBack = goesBack
    }

    init(_ fields: inout FieldReader) throws {
        order = try fields.optional("move")
        offline = try fields.optional("offline_moves", default: false)
        goesBack = try fields.optional("goes_back", default: false)
    }

    func write(to fields: inout FieldWriter) throws {
        try fields.put("move", order)
        if offline { try fields.put("offline_moves", offline) }
        if goesBack { try fields.put("goes_back", goesBack) }
    }
}

/// How many VMs move at a time: `global_config/moves`. Written by management only.
public struct MoveLimits: Record {
    /// Where it stands, as a key of `global_config`.
    public static let key = RecordKey.globalConfig("moves")

    /// Leaving one host.
    public var perHost: Int
    /// In the whole cluster.
    public var perCluster: Int
    public var rest: [String: JSONValue]

    public init(perHost: Int = 2, perCluster: Int = 16, rest: [String: JSONValue] = [:]) {
        self.perHost = perHost
        self.perCluster = perCluster
        self.rest = rest
    }

    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        perHost = try fields.optional("per_host", default: 2)
        perCluster = try fields.optional("per_cluster", default: 16)
        rest = try fields.rest()
        for (name, number) in [("per_host", perHost), ("per_cluster", perCluster)]
        where !(1...1000).contains(number) {
            throw ValidationError(
                subject: name, found: "\(number)", problem: "use a number from 1 to 1000")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: rest)
        try fields.put("per_host", perHost)
        try fields.put("per_cluster", perCluster)
    }
}
