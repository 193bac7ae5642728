/// What is wanted of a host: `desired_hosts/<host_id>`. Written by management only.
public struct DesiredHost: Record {
    public enum State: String, Codable, Sendable {
        /// It takes VMs.
        case ready
        /// It takes no further VMs.
        case maintenance
    }

    public var state: State
    /// Why it is in maintenance, in the operator's words.
    public var reason: String?
    /// Since when it is in maintenance; nil where nobody noted it.
    public var since: Timestamp?
    /// Who sent it there: a user's or a token's name; nil where nobody noted it.
    public var by: String?
    /// On top of those that the node's own configuration gives; of two with one name this one counts.
    public var labels: [String: String]
    /// Virtual processors to a real one.
    public var vcpuOvercommit: Overcommit
    /// Memory promised to a byte that is there.
    public var ramOvercommit: Overcommit
    public var rest: [String: JSONValue]

    public init(
        state: State = .ready, reason: String? = nil, since: Timestamp? = nil,
        by: String? = nil, labels: [String: String] = [:],
        vcpuOvercommit: Overcommit = .processors, ramOvercommit: Overcommit = .none,
        rest: [String: JSONValue] = [:]
    ) {
        self.state = state
        self.reason = reason
        self.since = since
        self.by = by
        self.labels = labels
        self.vcpuOvercommit = vcpuOvercommit
        self.ramOvercommit = ramOvercommit
        self.rest = rest
    }

    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        state = try fields.optional("state", default: .ready)
        reason = try fields.optional("reason")
        since = try fields.optional("since")
        by = try fields.optional("by")
        labels = try fields.optional("labels", default: [:])
        vcpuOvercommit = try fields.optional("vcpu_overcommit", default: .processors)
        ramOvercommit = try fields.optional("ram_overcommit", default: .none)
        rest = try fields.rest()
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: rest)
        try fields.put("state", state)
        try fields.put("reason", reason)
        try fields.put("since", since)
        try fields.put("by", by)
        if !labels.isEmpty { try fields.put("labels", labels) }
        if vcpuOvercommit != .processors { try fields.put("vcpu_overcommit", vcpuOvercommit) }
        if ramOvercommit != .none { try fields.put("ram_overcommit", ramOvercommit) }
    }
}

extension DesiredHost {
    /// The record with what is noted of its maintenance: since when, and by whom.
    ///
    /// Both stay as they were while it lasts, also where whoever changes the record does not repeat them.
    /// What was never noted stays so: it did not begin now.
    ///
    /// - Parameters:
    ///   - former: the record before; nil where there was none that can be read.
    ///   - by: who writes it; nil where that is not known.
    public func noted(after former: DesiredHost?, at now: Timestamp, by: String? = nil) -> Self {
        var noted = self
        guard state == .maintenance else {
            (noted.since, noted.by) = (nil, nil)
            return noted
        }
        if let former, former.state == .maintenance {
            noted.since = since ?? former.since
            noted.by = self.by ?? former.by
        } else {
            noted.since = since ?? now
            noted.by = self.by ?? by
        }
        return noted
    }
}

/// How much more of something is promised than is there: a number from 0.1 to 64, in JSON as such.
///
/// Held in hundredths, so that every node computes the same from it.
public struct Overcommit: Hashable, Sendable, Codable, CustomStringConvertible {
    /// 100 is what is there.
    public let percent: Int

    /// As much as is there.
    public static let none = Overcommit(percent: 100)
    /// Eight virtual processors to a real one, where nobody says otherwise.
    public static let processors = Overcommit(percent: 800)

    private init(percent: Int) { self.percent = percent }

    /// - Throws: `ValidationError` for a number that is out of range or no number.
    public init(_ factor: Double) throws(ValidationError) {
        guard factor >= 0.1, factor <= 64 else {
            throw ValidationError(
                subject: "overcommit", found: "\(factor)", problem: "use a number from 0.1 to 64")
        }
        percent = Int((factor * 100).rounded())
    }

    public init(from decoder: any Decoder) throws {
        try self.init(try decoder.singleValueContainer().decode(Double.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(Double(percent) / 100)
    }

    /// How much of something may be promised.
    public func of(_ amount: Int) -> Int { amount * percent / 100 }

    public var description: String {
        percent % 100 == 0 ? "\(percent / 100)" : "\(Double(percent) / 100)"
    }
}
