/// Why a node could not run a VM: `declines/<vm_id>/<host_id>`, under a back-off lease.
public struct Decline: Record {
    public var reason: String
    public var at: Timestamp
    public var rest: [String: JSONValue]

    public init(reason: String, at: Timestamp, rest: [String: JSONValue] = [:]) {
        self.reason = reason
        self.at = at
        self.rest = rest
    }

    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        reason = try fields.optional("reason", default: "")
        at = try fields.optional("at", default: Timestamp(milliseconds: 0))
        rest = try fields.rest()
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: rest)
        try fields.put("reason", reason)
        try fields.put("at", at)
    }
}
