import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct NetworkCreate: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Add a network.",
        discussion: """
            What it is made of follows from its options: --vni makes a VXLAN, --vlan and --uplink a VLAN, \
            --bridge or nothing one on a bridge that is there.
              metastack network create blue --vni 70 \\
                --subnet 10.7.0.0/24,gateway=10.7.0.1,gateway-mode=node,nat=true \\
                --subnet fd00:7::/64,gateway=fd00:7::1,gateway-mode=node --domain example.org
              metastack network create six --vni 6 --subnet fd00:6::/64,gateway=fd00:6::1,gateway-mode=node \\
                --nat64 10.64.0.0/24,prefix=fd00:64::/96
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "What to call it; no other network may have the name.", transform: resourceName)
    var name: ResourceName

    @Option(help: ArgumentHelp("A bridge of the hosts; else the node's own.", valueName: "name"))
    var bridge: String?

    @Option(help: ArgumentHelp("The hosts' link that carries the VLAN.", valueName: "name"))
    var uplink: String?

    @Option(help: ArgumentHelp("The VLAN's id, 1 to 4094.", valueName: "id"))
    var vlan: Int?

    @Option(help: ArgumentHelp("The VXLAN's number, 1 to 16777215.", valueName: "number"))
    var vni: Int?

    @Option(
        help: ArgumentHelp(
            "An IPv6 multicast group by which a VXLAN's hosts find each other; else each sends to all.",
            valueName: "address"))
    var multicastGroup: String?

    @Option(help: ArgumentHelp("A VXLAN's UDP port; else 4789.", valueName: "number"))
    var port: Int?

    @Option(help: ArgumentHelp("In bytes; else what the links allow.", valueName: "bytes"))
    var mtu: Int?

    @Option(
        help: ArgumentHelp(
            """
            A prefix, and behind commas gateway=, gateway-mode= (external, node or none), nat=true, dns=, \
            range= (FIRST-LAST) and route= (PREFIX@GATEWAY); may be repeated.
            """, valueName: "prefix,key=value"), transform: SubnetText.init)
    var subnet: [SubnetText] = []

    @Option(
        help: ArgumentHelp(
            """
            IPv4 addresses for guests that have IPv6 alone, and behind a comma prefix=, under which they \
            reach IPv4; else 64:ff9b::/96.
            """, valueName: "prefix,key=value"), transform: NAT64Text.init)
    var nat64: NAT64Text?

    @Option(help: ArgumentHelp("Its guests are NAME.NETWORK.DOMAIN.", valueName: "domain"))
    var domain: String?

    @Option(
        help: ArgumentHelp(
            "Where its guests look for short names; may be repeated.", valueName: "domain"))
    var search: [String] = []

    @OptionGroup var labels: LabelOptions

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let change = try ResourceChange.create(
            .network, id: session.newID(), record, in: cluster, at: session.now())
        let revision = try await session.write(change)
        try session.announce(
            "created network \(name) (\(change.id))", id: change.id,
            change.document(at: revision, over: nil))
    }

    private var kind: Network.Kind.Word {
        if vni != nil || multicastGroup != nil || port != nil { return .vxlan }
        return vlan != nil || uplink != nil ? .vlan : .bridge
    }

    private var record: JSONValue {
        var fields: [String: JSONValue] = [
            "name": .string(name.text), "kind": .string(kind.rawValue),
        ]
        for (name, text) in [
            ("bridge", bridge), ("uplink", uplink), ("group", multicastGroup), ("domain", domain),
        ] {
            if let text { fields[name] = .string(text) }
        }
        for (name, number) in [("vlan", vlan), ("vni", vni), ("port", port), ("mtu", mtu)] {
            if let number { fields[name] = .integer(Int64(number)) }
        }
        if !subnet.isEmpty { fields["subnets"] = .array(subnet.map(\.json)) }
        fields["nat64"] = nat64?.json
        if !search.isEmpty { fields["search"] = .array(search.map { .string($0) }) }
        if !labels.label.isEmpty {
            fields["labels"] = .object(labels.label.dictionary.mapValues { .string($0) })
        }
        return .object(fields)
    }
}
