/// Addresses of a network, and what its guests are told with them.
public struct Subnet: Record {
    /// Who forwards what leaves the subnet.
    public enum GatewayMode: String, Codable, Sendable, CaseIterable {
        /// A router out there.
        case external
        /// The node that the guest runs on: each has the same gateway address.
        case node
        /// Nobody.
        case none
    }

    /// A way that guests are told of.
    public struct Route: Record {
        public var to: IPPrefix
        public var via: IPAddress
        public var rest: [String: JSONValue]

        public init(to: IPPrefix, via: IPAddress, rest: [String: JSONValue] = [:]) {
            self.to = to
            self.via = via
            self.rest = rest
        }

        public init(from decoder: any Decoder) throws {
            var fields = try FieldReader(decoder)
            to = try fields.required("to")
            via = try fields.required("via")
            rest = try fields.rest()
        }

        public func encode(to encoder: any Encoder) throws {
            var fields = try FieldWriter(encoder, rest: rest)
            try fields.put("to", to)
            try fields.put("via", via)
        }
    }

    public static let mostRanges = 64
    public static let mostRoutes = 64
    public static let mostDNSServers = 8
    /// Room for a gateway and a guest at least.
    public static let longestPrefix = (ipv4: 30, ipv6: 126)

    public var prefix: IPPrefix
    /// In the prefix, or with IPv6 link-local; nil where there is none, or where IPv6 routers tell of
    /// themselves.
    public var gateway: IPAddress?
    public var gatewayMode: GatewayMode
    /// Whether guests reach what is outside under their node's IPv4 address.
    public var nat: Bool
    /// Name servers that guests are told of.
    public var dns: [IPAddress]
    /// What guests get that ask for no address; empty for ``dynamicRanges``'s choice.
    public var ranges: [IPRange]
    public var routes: [Route]
    public var rest: [String: JSONValue]

    /// - Parameter gatewayMode: nil for `external` where there is a gateway, and else `none`.
    /// - Throws: `ValidationError` or `FieldProblem` where no such subnet can be.
    public init(
        prefix: IPPrefix, gateway: IPAddress? = nil, gatewayMode: GatewayMode? = nil,
        nat: Bool = false, dns: [IPAddress] = [], ranges: [IPRange] = [], routes: [Route] = [],
        rest: [String: JSONValue] = [:]
    ) throws {
        self.prefix = prefix
        self.gateway = gateway
        self.gatewayMode = gatewayMode ?? Self.defaultMode(gateway)
        self.nat = nat
        self.dns = dns
        self.ranges = ranges
        self.routes = routes
        self.rest = rest
        try check()
    }

    private static func defaultMode(_ gateway: IPAddress?) -> GatewayMode {
        gateway == nil ? .none : .external
    }

    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        prefix = try fields.required("prefix")
        gateway = try fields.optional("gateway")
        gatewayMode = try fields.choice("gateway_mode") ?? Self.defaultMode(gateway)
        nat = try fields.optional("nat", default: false)
        dns = try fields.list("dns")
        ranges = try fields.list("ranges")
        routes = try fields.list("routes")
        rest = try fields.rest()
        try check()
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: rest)
        try fields.put("prefix", prefix)
        try fields.put("gateway", gateway)
        if gatewayMode != Self.defaultMode(gateway) {
            try fields.put("gateway_mode", gatewayMode)
        }
        if nat { try fields.put("nat", nat) }
        if !dns.isEmpty { try fields.put("dns", dns) }
        if !ranges.isEmpty { try fields.put("ranges", ranges) }
        if !routes.isEmpty { try fields.put("routes", routes) }
    }
}
