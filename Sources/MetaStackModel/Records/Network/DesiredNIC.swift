/// One NIC that somebody wants.
public struct DesiredNIC: Record {
    /// One PCI slot each, and 6 bits of the MAC address count them.
    public static let maximumPerVM = 16
    /// How many addresses it may ask for.
    public static let mostAddresses = 16
    /// What a VM has that asks for nothing else: the same list for all of them, in memory too.
    public static let one = [DesiredNIC()]

    /// A network's id or name; nil for the bridge that the node's configuration names, where
    /// MetaStack gives no addresses.
    public var network: String?
    /// nil for one that is derived from the VM and the NIC's place.
    @Rare public var mac: MACAddress?
    /// Those that it shall have; where none of a family is named, a free one of each family that the
    /// network has.
    public var addresses: [IPAddress]
    /// Ids or names of security groups.
    public var securityGroups: [String]
    /// nil for none.
    @Rare public var limits: NICLimits?
    public var rest: [String: JSONValue]

    /// A NIC on the node's bridge, or with other wishes set afterwards; see ``init(from:)`` for
    /// what is checked.
    public init(
        network: String? = nil, mac: MACAddress? = nil, addresses: [IPAddress] = [],
        securityGroups: [String] = [], limits: NICLimits? = nil, rest: [String: JSONValue] = [:]
    ) {
        self.network = network
        self.mac = mac
        self.addresses = addresses
        self.securityGroups = securityGroups
        self.limits = limits
        self.rest = rest
    }

    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        network = try fields.optional("network")
        mac = try fields.optional("mac")
        addresses = try fields.list("addresses")
        securityGroups = try fields.list("security_groups")
        limits = try fields.optional("limits")
        rest = try fields.rest()
        try check()
    }

    private func check() throws {
        if let mac, !mac.isUnicast {
            throw ValidationError(
                subject: "mac", found: "\(mac)", problem: "one NIC's address is unicast"
            ).inField
        }
        try Self.checkList("addresses", addresses, Self.mostAddresses)
        try Self.checkList("security_groups", securityGroups, SecurityGroup.mostPerNIC)
        if let other = addresses.first(where: { !$0.isHost || $0.isLinkLocal }) {
            throw ValidationError(
                subject: "addresses", found: "\(other)", problem: "no guest can be given it"
            ).inField
        }
        if network == nil, !securityGroups.isEmpty {
            throw FieldProblem(
                path: "security_groups",
                problem: "security groups are for networks: say which in the field network")
        }
        if network == nil, !addresses.isEmpty {
            throw FieldProblem(
                path: "addresses",
                problem: "addresses are a network's: say which in the field network")
        }
    }

    private static func checkList<Value: Hashable>(
        _ name: String, _ values: [Value], _ most: Int
    ) throws {
        guard values.count <= most else {
            throw FieldProblem(
                path: name, problem: "\(values.count) \(name): a NIC has at most \(most)")
        }
        guard Set(values).count == values.count else {
            throw FieldProblem(path: name, problem: "\(name): one is named twice")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: rest)
        try fields.put("network", network)
        try fields.put("mac", mac)
        if !addresses.isEmpty { try fields.put("addresses", addresses) }
        if !securityGroups.isEmpty { try fields.put("security_groups", securityGroups) }
        try fields.put("limits", limits)
    }
}

extension FieldReader {
    /// The one that a VM has that says nothing of NICs, in one place of memory for all of those.
    mutating func nics() throws -> [DesiredNIC] {
        let isThere = try optional("nics") as JSONValue? != nil
        return isThere ? try list("nics") : DesiredNIC.one
    }
}

/// How much a NIC may get and send, in kbit/s (1000 bits a second); nil is no limit.
public struct NICLimits: Record {
    /// To libvirt's units without loss: at least 8, at most 100 Gbit/s.
    public static let kbits = 8...100_000_000

    /// To the guest.
    public var inbound: Int?
    /// From the guest.
    public var outbound: Int?
    public var rest: [String: JSONValue]

    /// - Throws: `FieldProblem` for what is outside ``kbits``.
    public init(
        inbound: Int? = nil, outbound: Int? = nil, rest: [String: JSONValue] = [:]
    ) throws(FieldProblem) {
        self.inbound = inbound
        self.outbound = outbound
        self.rest = rest
        try check()
    }

    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        inbound = try fields.optional("inbound_kbit")
        outbound = try fields.optional("outbound_kbit")
        rest = try fields.rest()
        try check()
    }

    private func check() throws(FieldProblem) {
        for (name, value) in [("inbound_kbit", inbound), ("outbound_kbit", outbound)] {
            guard let value, !Self.kbits.contains(value) else { continue }
            throw ValidationError(
                subject: name, found: "\(value)",
                problem: "it must be between \(Self.kbits.lowerBound) and "
                    + "\(Self.kbits.upperBound) kbit/s"
            ).inField
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: rest)
        try fields.put("inbound_kbit", inbound)
        try fields.put("outbound_kbit", outbound)
    }
}
