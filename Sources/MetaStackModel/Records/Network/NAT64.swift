/// IPv4 for guests that have IPv6 alone: `nat64` of a network.
///
/// Each NIC gets an IPv4 address of its own, by which IPv4 reaches it, and reaches IPv4 under an IPv6
/// prefix (RFC 6052). The node that a guest is on translates, one address to one, and keeps no state
/// (RFC 7757, RFC 7915): a guest that moves takes its open connections along.
public struct NAT64: Record {
    /// The one that everybody has (RFC 6052, 2.1): behind it is the global IPv4 Internet alone (3.1).
    public static let wellKnownPrefix = IPPrefix(
        unchecked: IPAddress(.ipv6, 0x0064_ff9b << 96), length: 96)
    /// An IPv4 address fills what is left, and is read as it stands. RFC 6052 has five others.
    public static let prefixLength = 96

    /// Out of which the guests' IPv4 addresses are: all of its addresses are given.
    public var ipv4: IPPrefix
    /// Under which guests reach IPv4.
    public var prefix: IPPrefix
    public var rest: [String: JSONValue]

    /// - Parameter prefix: nil for the well-known one.
    /// - Throws: `FieldProblem` where nothing can be translated so.
    public init(
        ipv4: IPPrefix, prefix: IPPrefix? = nil, rest: [String: JSONValue] = [:]
    ) throws {
        self.ipv4 = ipv4
        self.prefix = prefix ?? Self.wellKnownPrefix
        self.rest = rest
        try check(namesPrefix: prefix != nil)
    }

    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        ipv4 = try fields.required("ipv4")
        let named: IPPrefix? = try fields.optional("prefix")
        prefix = named ?? Self.wellKnownPrefix
        rest = try fields.rest()
        try check(namesPrefix: named != nil)
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: rest)
        try fields.put("ipv4", ipv4)
        try fields.put("prefix", prefix)
    }

    private func check(namesPrefix: Bool) throws(FieldProblem) {
        guard ipv4.family == .ipv4 else {
            throw FieldProblem(path: "ipv4", problem: "\(ipv4) is not IPv4")
        }
        guard ipv4.length > 0, ipv4.first.isHost, ipv4.last.isHost, !ipv4.first.isLinkLocal else {
            throw FieldProblem(
                path: "ipv4", problem: "prefix \(ipv4) has addresses that no guest can have")
        }
        guard prefix.family == .ipv6, prefix.length == Self.prefixLength else {
            throw FieldProblem(
                path: "prefix",
                problem: "\(prefix) is no IPv6 prefix of /\(Self.prefixLength), in which an IPv4 "
                    + "address has its place")
        }
        try checkPlace()
        guard namesPrefix || !ipv4.isPrivate else {
            throw FieldProblem(
                path: "prefix",
                problem: "\(ipv4) is private, and under \(prefix) there are global IPv4 addresses "
                    + "alone: name a prefix of your own, such as fd00:64::/96")
        }
    }

    private func checkPlace() throws(FieldProblem) {
        let first = prefix.first.number
        // 2000::/3 and fc00::/7. RFC 8215's 64:ff9b:1::/48 is left out: tayga refuses it.
        guard prefix == Self.wellKnownPrefix || first >> 125 == 1 || first >> 121 == 0xfc >> 1
        else {
            throw FieldProblem(
                path: "prefix",
                problem: "use \(Self.wellKnownPrefix), or a prefix of your own in 2000::/3 or "
                    + "fc00::/7, not \(prefix)")
        }
        guard first >> 56 & 0xff == 0 else {
            throw FieldProblem(
                path: "prefix",
                problem: "bits 64 to 71 of \(prefix) are set, which RFC 6052 wants to be zero")
        }
    }

    /// What a network has to be for it.
    func check(_ subnets: [Subnet]) throws(FieldProblem) {
        if let subnet = subnets.first(where: { $0.prefix.family == .ipv4 }) {
            throw FieldProblem(
                path: "nat64",
                problem: "nat64 is for networks of IPv6 alone, and there is the subnet "
                    + "\(subnet.prefix)")
        }
        guard !subnets.isEmpty else {
            throw FieldProblem(path: "nat64", problem: "nat64 needs an IPv6 subnet")
        }
        for (index, subnet) in subnets.enumerated() {
            if subnet.prefix.overlaps(prefix) {
                throw FieldProblem(
                    path: "nat64.prefix", problem: "\(prefix) overlaps subnet \(subnet.prefix)")
            }
            guard subnet.gatewayMode == .node else {
                throw FieldProblem(
                    path: "subnets.\(index).gateway_mode",
                    problem: "nat64 needs gateway_mode node: the node translates what guests send "
                        + "to their gateway")
            }
        }
    }
}

extension NAT64 {
    /// An IPv4 address as guests see it (RFC 6052, 2.2).
    public func embedded(_ address: IPAddress) -> IPAddress {
        IPAddress(.ipv6, prefix.first.number | address.number)
    }

    /// IPv4 addresses as guests see them.
    public func embedded(_ ipv4: IPPrefix) -> IPPrefix {
        IPPrefix(unchecked: embedded(ipv4.first), length: Self.prefixLength + ipv4.length)
    }
}

extension IPPrefix {
    /// RFC 1918's, and RFC 6598's between a provider and its customers.
    fileprivate var isPrivate: Bool {
        let known: [(UInt128, Int)] = [
            (0x0a00_0000, 8), (0xac10_0000, 12), (0xc0a8_0000, 16), (0x6440_0000, 10),
        ]
        return known.contains { first, length in
            overlaps(IPPrefix(unchecked: IPAddress(.ipv4, first), length: length))
        }
    }
}
