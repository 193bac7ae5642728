/// A move that is under way: `move` in `actual_vms/<vm_id>`. Written by the VM's owner.
public struct GuestMove: Sendable, Equatable, Codable {
    /// Tells this move from earlier ones.
    public var id: String
    /// The host that the VM goes to, which takes it once it has said so in `arrivals/<vm_id>`.
    public var to: HostID
    /// Whether the guest runs on meanwhile; else it is shut down and starts anew there.
    public var live: Bool
    /// Why, for people.
    public var reason: String
    /// The order that it fulfils; nil where nobody asked for this one.
    public var order: String?
    /// Whether it leaves a host in maintenance, to which it may want to go back.
    public var drains: Bool
    public var since: Timestamp
    /// How much of the guest's memory is there, in hundredths.
    public var progress: Int?

    public init(
        id: String, to: HostID, live: Bool, reason: String, order: String? = nil, drains: Bool = false,
        since: Timestamp, progress: Int? = nil
    ) {
        self.id = id
        self.to = to
        self.live = live
        self.reason = reason
        self.order = order
        self.drains = drains
        self.since = since
        self.progress = progress
    }
}

/// What a host says to a VM that is about to come: `arrivals/<vm_id>`, under that host's lease. Written by
/// the target of a move only.
public struct Arrival: Record {
    public var host: HostID
    /// The `id` of the move that this answers.
    public var answers: String
    /// Where the present owner's hypervisor sends the guest: libvirt's URI of the target.
    public var uri: String
    /// Why the VM cannot come; nil where it can, and then its room is kept.
    public var refusal: String?
    public var rest: [String: JSONValue]

    public init(
        host: HostID, answers: String, uri: String, refusal: String? = nil,
        rest: [String: JSONValue] = [:]
    ) {
        self.host = host
        self.answers = answers
        self.uri = uri
        self.refusal = refusal
        self.rest = rest
    }

    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        host = try fields.required("host")
        answers = try fields.required("answers")
        uri = try fields.optional("uri", default: "")
        refusal = try fields.optional("refusal")
        rest = try fields.rest()
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: rest)
        try fields.put("host", host)
        try fields.put("answers", answers)
        try fields.put("uri", uri)
        try fields.put("refusal", refusal)
    }
}
