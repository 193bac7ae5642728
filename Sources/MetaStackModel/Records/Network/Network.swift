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
    /// IPv4 for guests that have IPv6 alone; nil where they have none, or addresses of an IPv4 subnet.
    public var nat64: NAT64?
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
        nat64: NAT64? = nil, domain: DomainName? = nil, search: [DomainName] = [],
        labels: [String: String] = [:], rest: [String: JSONValue] = [:]
    ) throws {
        self.name = name
        self.kind = kind
        self.mtu = mtu
        self.subnets = subnets
        self.nat64 = nat64
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
        nat64 = try fields.optional("nat64")
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
        try fields.put("nat64", nat64)
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
        try nat64?.check(subnets)
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

    /// The families of which each NIC gets an address, IPv4 first: those of the subnets, and IPv4 where
    /// it is translated.
    public var givenFamilies: [IPAddress.Family] {
        nat64 == nil ? families : IPAddress.Family.allCases
    }

    /// What NICs get that ask for no address of a family.
    public func dynamicRanges(_ family: IPAddress.Family) -> [IPRange] {
        if let nat64, family == .ipv4 {
            return [IPRange(unchecked: nat64.ipv4.first, nat64.ipv4.last)]
        }
        return subnets.filter { $0.prefix.family == family }.flatMap(\.dynamicRanges)
    }

    /// Why no guest can have an address here; nil where one can.
    public func problem(withGuest address: IPAddress) -> String? {
        if nat64?.ipv4.contains(address) == true { return nil }
        guard let subnet = subnet(of: address) else {
            let known = (subnets.map(\.prefix) + [nat64?.ipv4].compactMap(\.self))
                .map(\.description).joined(separator: ", ")
            return known.isEmpty
                ? "network \(name) has no subnets"
                : "\(address) is in none of network \(name)'s subnets \(known)"
        }
        return subnet.problem(withGuest: address)
    }
}
