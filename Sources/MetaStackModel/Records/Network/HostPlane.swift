/// What a host can do for its guests' networks: `plane` in its record.
public struct HostPlane: Record {
    /// What makes its bridges, as its configuration calls it (``NetworkDriver``). A text, so that a record of
    /// a later version can be read.
    public var driver: String
    /// Where the other hosts send the packets of VXLANs to; nil where there are none.
    public var underlay: IPAddress?
    /// Why it makes no VLANs; nil where it does.
    public var noVLANs: String?
    /// Why it makes no VXLANs; nil where it does.
    public var noVXLANs: String?
    /// Why it cannot keep guests from each other; nil where it can.
    public var noProtection: String?
    /// Why it gives no guest of IPv6 alone an IPv4 address; nil where it does.
    public var noNAT64: String?
    /// Why it cannot limit what NICs on networks get and send; nil where it can.
    public var noLimits: String?
    /// The same for NICs on the node's bridge.
    public var noShaping: String?
    public var rest: [String: JSONValue]

    public init(
        driver: NetworkDriver = .linux, underlay: IPAddress? = nil, noVLANs: String? = nil,
        noVXLANs: String? = nil, noProtection: String? = nil, noNAT64: String? = nil,
        noLimits: String? = nil,
        noShaping: String? = nil, rest: [String: JSONValue] = [:]
    ) {
        self.driver = driver.rawValue
        self.underlay = underlay
        self.noVLANs = noVLANs
        self.noVXLANs = noVXLANs
        self.noProtection = noProtection
        self.noNAT64 = noNAT64
        self.noLimits = noLimits
        self.noShaping = noShaping
        self.rest = rest
    }

    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        driver = try fields.optional("driver", default: NetworkDriver.linux.rawValue)
        underlay = try fields.optional("underlay")
        noVLANs = try fields.optional("no_vlans")
        noVXLANs = try fields.optional("no_vxlans")
        noProtection = try fields.optional("no_protection")
        noNAT64 = try fields.optional("no_nat64")
        noLimits = try fields.optional("no_limits")
        noShaping = try fields.optional("no_shaping")
        rest = try fields.rest()
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: rest)
        if driver != NetworkDriver.linux.rawValue { try fields.put("driver", driver) }
        try fields.put("underlay", underlay)
        try fields.put("no_vlans", noVLANs)
        try fields.put("no_vxlans", noVXLANs)
        try fields.put("no_protection", noProtection)
        try fields.put("no_nat64", noNAT64)
        try fields.put("no_limits", noLimits)
        try fields.put("no_shaping", noShaping)
    }
}
