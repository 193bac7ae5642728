/// Whether nodes move VMs by themselves to share load: `global_config/rebalance`. Written by management
/// only; a missing record is off.
public struct RebalancePolicy: Record {
    /// Where it stands, as a key of `global_config`.
    public static let key = RecordKey.globalConfig("rebalance")

    public enum State: String, Codable, Sendable {
        case on
        case off
    }

    public var state: State
    /// How much fuller the fullest host must be than the emptiest, in hundredths of what may be promised.
    public var threshold: Int
    /// Between two looks, in seconds.
    public var interval: Int
    /// How long a VM stays after it was started or moved, in seconds.
    public var coolDown: Int
    /// How many VMs are moved for one look.
    public var atMost: Int
    public var rest: [String: JSONValue]

    public init(
        state: State = .off, threshold: Int = 20, interval: Int = 300, coolDown: Int = 3600,
        atMost: Int = 4, rest: [String: JSONValue] = [:]
    ) {
        self.state = state
        self.threshold = threshold
        self.interval = interval
        self.coolDown = coolDown
        self.atMost = atMost
        self.rest = rest
    }

    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        state = try fields.optional("state", default: .off)
        threshold = try fields.optional("threshold_percent", default: 20)
        interval = try fields.optional("interval_s", default: 300)
        coolDown = try fields.optional("cool_down_s", default: 3600)
        atMost = try fields.optional("at_most", default: 4)
        rest = try fields.rest()
        try validate()
    }

    /// - Throws: `ValidationError` for a number that is out of range.
    public func validate() throws(ValidationError) {
        let limits = [
            ("threshold_percent", threshold, 1...100), ("interval_s", interval, 1...86400),
            ("cool_down_s", coolDown, 0...2_592_000), ("at_most", atMost, 1...1000),
        ]
        for (name, number, allowed) in limits where !allowed.contains(number) {
            throw ValidationError(
                subject: name, found: "\(number)",
                problem: "use a number from \(allowed.lowerBound) to \(allowed.upperBound)")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: rest)
        try fields.put("state", state)
        try fields.put("threshold_percent", threshold)
        try fields.put("interval_s", interval)
        try fields.put("cool_down_s", coolDown)
        try fields.put("at_most", atMost)
    }
}
