/// One NIC as the owner of a VM has given it.
public struct ActualNIC: Record {
    /// nil where it hangs on the bridge that the node's configuration names.
    public var network: NetworkID?
    public var mac: MACAddress
    /// Those that it holds; empty where MetaStack gives none.
    public var addresses: [IPAddress]
    /// The host's end of it.
    public var interface: InterfaceName?
    public var rest: [String: JSONValue]

    public init(
        network: NetworkID? = nil, mac: MACAddress, addresses: [IPAddress] = [],
        interface: InterfaceName? = nil, rest: [String: JSONValue] = [:]
    ) {
        self.network = network
        self.mac = mac
        self.addresses = addresses
        self.interface = interface
        self.rest = rest
    }

    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        network = try fields.optional("network")
        mac = try fields.required("mac")
        addresses = try fields.optional("addresses", default: [])
        interface = try fields.optional("interface")
        rest = try fields.rest()
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: rest)
        try fields.put("network", network)
        try fields.put("mac", mac)
        if !addresses.isEmpty { try fields.put("addresses", addresses) }
        try fields.put("interface", interface)
    }
}
