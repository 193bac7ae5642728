/// One thing that a security group allows.
public struct SecurityRule: Record {
    public enum Direction: String, Codable, Sendable, CaseIterable {
        /// To the NIC.
        case ingress
        /// From the NIC.
        case egress
    }

    /// Who is at the other end.
    public enum Remote: Sendable, Equatable, Hashable {
        case anybody
        case prefix(IPPrefix)
        /// The NICs of a group, which is named by its id or name.
        case group(String)
    }

    public var direction: Direction
    public var `protocol`: IPProtocol
    /// Of the receiver of what the rule is about; nil for all.
    public var ports: PortRange?
    public var remote: Remote
    public var rest: [String: JSONValue]

    /// - Throws: `FieldProblem` where no packet could match.
    public init(
        direction: Direction, protocol: IPProtocol = .any, ports: PortRange? = nil,
        remote: Remote = .anybody, rest: [String: JSONValue] = [:]
    ) throws(FieldProblem) {
        self.direction = direction
        self.protocol = `protocol`
        self.ports = ports
        self.remote = remote
        self.rest = rest
        try check()
    }

    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        guard let direction: Direction = try fields.choice("direction") else {
            throw FieldProblem(
                path: "direction",
                problem: "the field direction is missing: a rule is for ingress or for egress")
        }
        self.direction = direction
        `protocol` = try fields.optional("protocol", default: .any)
        ports = try fields.optional("ports")
        let prefix: IPPrefix? = try fields.optional("remote")
        let group: String? = try fields.optional("group")
        rest = try fields.rest()
        switch (prefix, group) {
        case (nil, nil): remote = .anybody
        case (let prefix?, nil): remote = .prefix(prefix)
        case (nil, let group?): remote = .group(group)
        case (_?, _?):
            throw FieldProblem(
                path: "group", problem: "a rule has a remote prefix or a group, not both")
        }
        try check()
    }

    private func check() throws(FieldProblem) {
        if ports != nil, `protocol` != .tcp, `protocol` != .udp {
            throw FieldProblem(
                path: "ports", problem: "only the protocols tcp and udp have ports")
        }
        guard case .prefix(let prefix) = remote else { return }
        let family: IPAddress.Family? =
            switch `protocol` {
            case .icmp: .ipv4
            case .icmpv6: .ipv6
            case .any, .tcp, .udp, .number: nil
            }
        if let family, family != prefix.family {
            throw FieldProblem(
                path: "remote", problem: "\(`protocol`) is \(family)'s, and \(prefix) is not")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: rest)
        try fields.put("direction", direction)
        if `protocol` != .any { try fields.put("protocol", `protocol`) }
        try fields.put("ports", ports)
        switch remote {
        case .anybody: break
        case .prefix(let prefix): try fields.put("remote", prefix)
        case .group(let group): try fields.put("group", group)
        }
    }
}
