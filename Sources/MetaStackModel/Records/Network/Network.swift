/// What guests' NICs hang on: `networks/<network_id>`. Written by management only.
public struct Network: Record {
    public static let mostSubnets = 8
    public static let mostSearchDomains = 16
    /// The least that IPv6 passes whole (RFC 8200), and what every IPv4 host takes (RFC 791).
    public static let leastMTU = (ipv6: 1280, ipv4: 576)
    public static let greatestMTU = 65535

    public var name: ResourceName
    public var kind: Kind
    /// In bytes; nil for what the links below it allow.
    public var mtu: Int?
    public var subnets: [Subnet]
    /// Below which its guests have names: `NAME.NETWORK.DOMAIN`; nil where they have none.
    public var domain: DomainName?
    /// Where its guests look for names without dots.
    public var search: [DomainName]
    /// By which people pick it out.
    public var labels: [String: String]
    public var rest: [String: JSONValue]

    /// - Throws: `ValidationError` where no such network can be.
    public init(
        name: ResourceName, kind: Kind, mtu: Int? = nil, subnets: [Subnet] = [],
        domain: DomainName? = nil, search: [DomainName] = [], labels: [String: String] = [:],
        rest: [String: JSONValue] = [:]
    ) throws {
        self.name = name
        self.kind = kind
        self.mtu = mtu
        self.subnets = subnets
        self.domain = domain
        self.search = search
        self.labels = labels
        self.rest = rest
        try check()
    }

    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        name = try fields.required("name")
        kind = try Kind(&fields)
        mtu = try fields.optional("mtu")
        subnets = try fields.list("subnets")
        domain = try fields.optional("domain")
        search = try fields.list("search")
        labels = try fields.labels()
        rest = try fields.rest()
        try check()
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: rest)
        try fields.put("name", name)
        try kind.write(to: &fields)
        try fields.put("mtu", mtu)
        if !subnets.isEmpty { try fields.put("subnets", subnets) }
        try fields.put("domain", domain)
        if !search.isEmpty { try fields.put("search", search) }
        if !labels.isEmpty { try fields.put("labels", labels) }
    }

    private func check() throws {
        guard subnets.count <= Self.mostSubnets else {
            throw ValidationError(
                subject: "subnets", found: "\(subnets.count) subnets",
                problem: "a network has at most \(Self.mostSubnets)")
        }
        guard search.count <= Self.mostSearchDomains else {
            throw ValidationError(
                subject: "search", found: "\(search.count) domains",
                problem: "a network has at most \(Self.mostSearchDomains)")
        }
        for (index, subnet) in subnets.enumerated() {
            guard let other = subnets[..<index].first(where: { $0.prefix.overlaps(subnet.prefix) })
            else { continue }
            throw FieldProblem(
                path: "subnets.\(index).prefix",
                problem: "subnet \(subnet.prefix) overlaps subnet \(other.prefix)")
        }
        guard let mtu else { return }
        let hasIPv6 = subnets.contains { $0.prefix.family == .ipv6 }
        let least = hasIPv6 ? Self.leastMTU.ipv6 : Self.leastMTU.ipv4
        guard (least...Self.greatestMTU).contains(mtu) else {
            throw ValidationError(
                subject: "mtu", found: "\(mtu)",
                problem: "it must be between \(least) and \(Self.greatestMTU) bytes"
                    + (hasIPv6 ? " where there is an IPv6 subnet" : ""))
        }
    }
}

extension Network {
    /// The subnet that an address belongs to; nil where it is in none.
    public func subnet(of address: IPAddress) -> Subnet? {
        subnets.first { $0.prefix.contains(address) }
    }

    /// The families of its subnets, IPv4 first.
    public var families: [IPAddress.Family] {
        IPAddress.Family.allCases.filter { family in
            subnets.contains { $0.prefix.family == family }
        }
    }

    /// Why no guest can have an address here; nil where one can.
    public func problem(withGuest address: IPAddress) -> String? {
        guard let subnet = subnet(of: address) else {
            let known = subnets.map { "\($0.prefix)" }.joined(separator: ", ")
            return known.isEmpty
                ? "network \(name) has no subnets"
                : "\(address) is in none of network \(name)'s subnets \(known)"
        }
        return subnet.problem(withGuest: address)
    }
}
