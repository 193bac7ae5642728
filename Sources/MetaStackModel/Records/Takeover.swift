/// The timeline of one takeover, as the node that took over saw it. Times are its own clock's.
public struct Takeover: Record {
    /// Who owned the VM before.
    public var from: HostID
    public var to: HostID
    /// The claim that the new owner made.
    public var incarnation: Incarnation
    /// When the former owner's lease was proven last, at the latest: its end less its TTL. nil where
    /// the new owner did not see it end.
    public var lastProven: Timestamp?
    /// When the former owner's claim went with its lease; nil as above.
    public var expired: Timestamp?
    public var claimed: Timestamp?
    /// When no write of the former owner's clients could reach a disk any more.
    public var evicted: Timestamp?
    /// When the guest's processors were let run.
    public var started: Timestamp?
    public var rest: [String: JSONValue]

    public init(
        from: HostID, to: HostID, incarnation: Incarnation, lastProven: Timestamp? = nil,
        expired: Timestamp? = nil, claimed: Timestamp? = nil, evicted: Timestamp? = nil,
        started: Timestamp? = nil, rest: [String: JSONValue] = [:]
    ) {
        self.from = from
        self.to = to
        self.incarnation = incarnation
        self.lastProven = lastProven
        self.expired = expired
        self.claimed = claimed
        self.evicted = evicted
        self.started = started
        self.rest = rest
    }

    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        from = try fields.required("from")
        to = try fields.required("to")
        incarnation = try fields.required("incarnation")
        lastProven = try fields.optional("last_proven")
        expired = try fields.optional("expired")
        claimed = try fields.optional("claimed")
        evicted = try fields.optional("evicted")
        started = try fields.optional("started")
        rest = try fields.rest()
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: rest)
        try fields.put("from", from)
        try fields.put("to", to)
        try fields.put("incarnation", incarnation)
        try fields.put("last_proven", lastProven)
        try fields.put("expired", expired)
        try fields.put("claimed", claimed)
        try fields.put("evicted", evicted)
        try fields.put("started", started)
    }
}
