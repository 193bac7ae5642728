/// Whether nodes take VMs over whose owner has gone: `global_config/takeover`. Written by management
/// only; a missing record is an armed switch.
public struct TakeoverSwitch: Record {
    /// Where it stands, as a key of `global_config`.
    public static let key = RecordKey.globalConfig("takeover")

    public enum State: String, Codable, Sendable {
        case armed
        /// VMs whose owner has gone wait; VMs that never ran, and those that were stopped, start.
        case disarmed
    }

    public var state: State
    /// Why, for people.
    public var reason: String?
    public var at: Timestamp?
    public var rest: [String: JSONValue]

    public init(
        state: State, reason: String? = nil, at: Timestamp? = nil,
        rest: [String: JSONValue] = [:]
    ) {
        self.state = state
        self.reason = reason
        self.at = at
        self.rest = rest
    }

    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        state = try fields.optional("state", default: .armed)
        reason = try fields.optional("reason")
        at = try fields.optional("at")
        rest = try fields.rest()
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: rest)
        try fields.put("state", state)
        try fields.put("reason", reason)
        try fields.put("at", at)
    }
}
