import MetaStackModel

/// The fields of networks, security groups and NICs.
extension ResourceKind {
    private static let anAddress = ResourceField.Form.pattern("^[0-9A-Fa-f:.]{2,45}$")
    private static let aPrefix = ResourceField.Form.pattern("^[0-9A-Fa-f:.]{2,45}/[0-9]{1,3}$")
    private static let aRange = ResourceField.Form.pattern(
        "^[0-9A-Fa-f:.]{2,45}(-[0-9A-Fa-f:.]{2,45})?$")
    private static let anInterface = ResourceField.Form.pattern("^[A-Za-z0-9._-]{1,15}$")

    static let nicFields: [ResourceField] = [
        ResourceField("network", .name, "by name or id; else the node's bridge"),
        ResourceField(
            "mac", .pattern("^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$"), "else derived from the VM"),
        ResourceField(
            "addresses", .list(anAddress, most: DesiredNIC.mostAddresses),
            "those that it shall have; else free ones"),
        ResourceField(
            "security_groups", .list(.name, most: SecurityGroup.mostPerNIC),
            "what it may send and get, by names or ids"),
        ResourceField(
            "limits",
            .object([
                ResourceField("inbound_kbit", .integer(NICLimits.kbits), "to the guest, in kbit/s"),
                ResourceField(
                    "outbound_kbit", .integer(NICLimits.kbits), "from the guest, in kbit/s"),
            ]), "how much it may get and send"),
    ]

    static let networkFields: [ResourceField] = [
        ResourceField("name", .name, required: true, "what people call it"),
        ResourceField(
            "kind", .choice(Network.Kind.Word.allCases.map(\.rawValue)),
            "what it is made of on each host; else what its other fields are of"),
        ResourceField("bridge", anInterface, "kind bridge: one that is there; else the node's"),
        ResourceField("uplink", anInterface, "kind vlan: the hosts' link"),
        ResourceField("vlan", .integer(Network.Kind.vlanIDs), "kind vlan: the VLAN's id"),
        ResourceField("vni", .integer(Network.Kind.vnis), "kind vxlan: its number"),
        ResourceField("group", anAddress, "kind vxlan: an IPv6 multicast group; else unicast"),
        ResourceField("port", .integer(1...65535), "kind vxlan: UDP port; else 4789"),
        ResourceField(
            "mtu", .integer(Network.leastMTU.ipv4...Network.greatestMTU),
            "in bytes; else what the links allow"),
        ResourceField(
            "subnets", .list(.object(subnetFields), most: Network.mostSubnets),
            "its addresses, IPv4 and IPv6"),
        ResourceField(
            "nat64",
            .object([
                ResourceField("ipv4", aPrefix, required: true, "such as 198.51.100.0/28"),
                ResourceField("prefix", aPrefix, "under which they reach IPv4; else 64:ff9b::/96"),
            ]), "IPv4 addresses of guests that have IPv6 alone"),
        ResourceField("domain", .hostName, "its guests' names are NAME.NETWORK.DOMAIN"),
        ResourceField(
            "search", .list(.hostName, most: Network.mostSearchDomains),
            "where its guests look for short names"),
        labels,
    ]

    private static let subnetFields: [ResourceField] = [
        ResourceField("prefix", aPrefix, required: true, "such as 10.7.0.0/24"),
        ResourceField("gateway", anAddress, "who forwards what leaves it"),
        ResourceField(
            "gateway_mode", .choice(Subnet.GatewayMode.allCases.map(\.rawValue)),
            "a router out there, the guest's node, or nobody"),
        ResourceField("nat", .boolean, "mode node, IPv4: guests leave under their node's address"),
        ResourceField("dns", .list(anAddress, most: Subnet.mostDNSServers), "name servers"),
        ResourceField(
            "ranges", .list(aRange, most: Subnet.mostRanges),
            "what guests get that ask for no address; else all that are free"),
        ResourceField(
            "routes",
            .list(
                .object([
                    ResourceField("to", aPrefix, required: true, "what is behind it"),
                    ResourceField("via", anAddress, required: true, "who forwards there"),
                ]), most: Subnet.mostRoutes), "ways that guests are told of"),
    ]

    static let securityGroupFields: [ResourceField] = [
        ResourceField("name", .name, required: true, "what people call it"),
        ResourceField(
            "rules",
            .list(
                .object([
                    ResourceField(
                        "direction", .choice(SecurityRule.Direction.allCases.map(\.rawValue)),
                        required: true, "to the NIC, or from it"),
                    ResourceField(
                        "protocol", .pattern("^(any|tcp|udp|icmp|icmpv6|[1-9][0-9]?)$"),
                        "a word or a number; else any"),
                    ResourceField(
                        "ports", .pattern("^[1-9][0-9]{0,3}$"), "such as 80 or 8000-8100"),
                    ResourceField("remote", aPrefix, "who is at the other end; else anybody"),
                    ResourceField("group", .name, "or the NICs of a security group"),
                ]), most: SecurityGroup.mostRules), "what it allows"),
        labels,
    ]
}
