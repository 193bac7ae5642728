/// What NICs may send and get: `security_groups/<id>`. Written by management only.
///
/// A NIC with groups gets only what a rule of any of them allows in, and answers to what it sent. It
/// may send anything, unless one of its groups has a rule for egress: then only what the rules for
/// egress allow. A NIC without groups gets and sends what it likes.
public struct SecurityGroup: Record {
    public static let mostRules = 256
    /// How many groups a NIC may be in.
    public static let mostPerNIC = 16

    public var name: ResourceName
    public var rules: [SecurityRule]
    /// By which people pick it out.
    public var labels: [String: String]
    public var rest: [String: JSONValue]

    public init(
        name: ResourceName, rules: [SecurityRule] = [], labels: [String: String] = [:],
        rest: [String: JSONValue] = [:]
    ) {
        self.name = name
        self.rules = rules
        self.labels = labels
        self.rest = rest
    }

    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        name = try fields.required("name")
        rules = try fields.list("rules")
        labels = try fields.labels()
        rest = try fields.rest()
        guard rules.count <= Self.mostRules else {
            throw ValidationError(
                subject: "rules", found: "\(rules.count) rules",
                problem: "a security group has at most \(Self.mostRules)")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: rest)
        try fields.put("name", name)
        if !rules.isEmpty { try fields.put("rules", rules) }
        if !labels.isEmpty { try fields.put("labels", labels) }
    }
}
