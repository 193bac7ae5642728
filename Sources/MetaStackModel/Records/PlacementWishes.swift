/// Where a VM wants to be: fields of `desired_vms/<vm_id>`.
public struct PlacementWishes: Sendable, Equatable {
    /// Whom a group's other members are to this one.
    public enum Affinity: String, Codable, Sendable, CaseIterable {
        /// Only on a host that runs one of them, where any runs.
        case affinity
        /// Never on a host that runs one of them.
        case antiAffinity = "anti-affinity"
        /// Rather on a host that runs one of them.
        case softAffinity = "soft-affinity"
        /// Rather on a host that runs none of them.
        case softAntiAffinity = "soft-anti-affinity"
    }

    public static let priorities = -1000...1000

    /// Who gets a host first where not all do, and who starts first: the higher number.
    public var priority: Int
    /// Labels, with their values, that its host must have.
    public var required: [String: String]
    /// Labels that its host had better have.
    public var preferred: [String: String]
    /// The groups that it belongs to, by name.
    public var groups: [String: Affinity]

    public init(
        priority: Int = 0, required: [String: String] = [:], preferred: [String: String] = [:],
        groups: [String: Affinity] = [:]
    ) {
        self.priority = priority
        self.required = required
        self.preferred = preferred
        self.groups = groups
    }

    init(_ fields: inout FieldReader) throws {
        priority = try fields.optional("priority", default: 0)
        required = try fields.optional("required_labels", default: [:])
        preferred = try fields.optional("preferred_labels", default: [:])
        groups = try fields.optional("groups", default: [:])
        try validate()
    }

    /// - Throws: `ValidationError` for a priority or a group's name that no record may have.
    public func validate() throws(ValidationError) {
        guard Self.priorities.contains(priority) else {
            throw ValidationError(
                subject: "priority", found: "\(priority)",
                problem: "use a number from \(Self.priorities.lowerBound) to "
                    + "\(Self.priorities.upperBound)")
        }
        for name in groups.keys {
            if let problem = IdentifierRule.problem(with: name) {
                throw ValidationError(subject: "group", found: name, problem: problem)
            }
        }
    }

    func write(to fields: inout FieldWriter) throws {
        if priority != 0 { try fields.put("priority", priority) }
        if !required.isEmpty { try fields.put("required_labels", required) }
        if !preferred.isEmpty { try fields.put("preferred_labels", preferred) }
        if !groups.isEmpty { try fields.put("groups", groups) }
    }
}
