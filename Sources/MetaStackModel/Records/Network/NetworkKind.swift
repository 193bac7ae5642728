extension Network {
    /// What a network is made of on each host.
    public enum Kind: Sendable, Equatable, Hashable {
        /// A bridge that is there already; nil for the one that the node's configuration names.
        case bridge(InterfaceName?)
        /// A VLAN (IEEE 802.1Q, 1...4094) on a host's link.
        case vlan(uplink: InterfaceName, id: Int)
        /// A VXLAN (RFC 7348, 1...16777215) over what joins the hosts.
        ///
        /// - Parameters:
        ///   - group: an IPv6 multicast group by which hosts find each other; nil where each sends to
        ///     every host that has guests of the network.
        ///   - port: UDP's.
        case vxlan(vni: Int, group: IPAddress?, port: Int)

        public static let vlanIDs = 1...4094
        public static let vnis = 1...16_777_215
        /// IANA's for VXLAN.
        public static let defaultPort = 4789

        /// `bridge`, `vlan` or `vxlan`.
        public var word: Word {
            switch self {
            case .bridge: .bridge
            case .vlan: .vlan
            case .vxlan: .vxlan
            }
        }
    }
}

extension Network.Kind {
    public enum Word: String, Codable, Sendable, CaseIterable {
        case bridge
        case vlan
        case vxlan

        /// The fields that say more of this kind.
        fileprivate var fields: [String] {
            switch self {
            case .bridge: ["bridge"]
            case .vlan: ["uplink", "vlan"]
            case .vxlan: ["vni", "group", "port"]
            }
        }

        /// With its article, for sentences.
        var noun: String { "a \(rawValue)" }
    }

    /// A record that does not say what kind it is of is of the kind that its other fields are of: a
    /// document for `apply` has a `kind` of another meaning.
    init(_ fields: inout FieldReader) throws {
        let said: Word? = try fields.choice("kind")
        let bridge: InterfaceName? = try fields.optional("bridge")
        let uplink: InterfaceName? = try fields.optional("uplink")
        let vlan: Int? = try fields.optional("vlan")
        let vni: Int? = try fields.optional("vni")
        let group: IPAddress? = try fields.optional("group")
        let port: Int? = try fields.optional("port")
        let word =
            said
            ?? (vni != nil || group != nil || port != nil
                ? .vxlan : vlan != nil || uplink != nil ? .vlan : .bridge)
        let given: [(String, Bool)] = [
            ("bridge", bridge != nil), ("uplink", uplink != nil), ("vlan", vlan != nil),
            ("vni", vni != nil), ("group", group != nil), ("port", port != nil),
        ]
        for (name, isGiven) in given where isGiven && !word.fields.contains(name) {
            throw FieldProblem(
                path: name, problem: "network of kind \(word.rawValue): \(word.noun) has no \(name)"
            )
        }
        switch word {
        case .bridge: self = .bridge(bridge)
        case .vlan:
            self = .vlan(
                uplink: try Self.needed("uplink", uplink, word),
                id: try Self.needed("vlan", vlan, word))
        case .vxlan:
            self = .vxlan(
                vni: try Self.needed("vni", vni, word), group: group,
                port: port ?? Self.defaultPort)
        }
        try check()
    }

    private static func needed<Value>(
        _ name: String, _ value: Value?, _ word: Word
    ) throws(FieldProblem) -> Value {
        guard let value else {
            throw FieldProblem(
                path: name, problem: "the field \(name) is missing: \(word.noun) needs one")
        }
        return value
    }

    private func check() throws(ValidationError) {
        switch self {
        case .bridge: break
        case .vlan(_, let id): try Self.check("vlan", id, Self.vlanIDs)
        case .vxlan(let vni, let group, let port):
            try Self.check("vni", vni, Self.vnis)
            try Self.check("port", port, 1...65535)
            guard let group else { return }
            guard group.family == .ipv6, group.isMulticast else {
                throw ValidationError(
                    subject: "group", found: "\(group)",
                    problem: "use an IPv6 multicast group, such as ff05::100")
            }
        }
    }

    private static func check(
        _ name: String, _ value: Int, _ range: ClosedRange<Int>
    ) throws(ValidationError) {
        guard range.contains(value) else {
            throw ValidationError(
                subject: name, found: "\(value)",
                problem: "it must be between \(range.lowerBound) and \(range.upperBound)")
        }
    }

    func write(to fields: inout FieldWriter) throws {
        try fields.put("kind", word)
        switch self {
        case .bridge(let bridge): try fields.put("bridge", bridge)
        case .vlan(let uplink, let id):
            try fields.put("uplink", uplink)
            try fields.put("vlan", id)
        case .vxlan(let vni, let group, let port):
            try fields.put("vni", vni)
            try fields.put("group", group)
            if port != Self.defaultPort { try fields.put("port", port) }
        }
    }
}
