import MetaStackManagement
import MetaStackModel

/// `/networks` and `/addresses`.
struct NetworkRoutes {
    let pages: Pages

    var routes: [APIRoute] { catalogue.routes + one.routes + [addresses] }

    private var catalogue: CatalogueRoutes {
        CatalogueRoutes(
            kind: .network, one: "a network", pages: pages, fields: { _ in Self.fields(nil) },
            links: [
                LinkView(href: "/addresses", text: "Addresses that VMs hold"),
                LinkView(href: "/security-groups", text: "Security groups"),
            ], record: { try Self.patch($0.typed, over: [:]) }
        ) { visit in
            let listing = visit.cluster.networkListing
            let table = TableView(
                listing, caption: "Networks, one a row", at: visit.now,
                ifEmpty: "There are no networks yet: NICs hang on the nodes' bridges."
            ) { item, _, heading, cell in
                if heading == "NAME" { cell.href = "/networks/\(item.id.pathSegment)" }
            }
            return (listing, table)
        }
    }

    private var one: ThingRoutes {
        ThingRoutes(kind: .network, pages: pages) { visit, text in
            Self.tables(NetworkID(unchecked: text), visit)
        } fields: { visit, text in
            Self.fields(visit.cluster.networks[NetworkID(unchecked: text)]?.value)
        } patch: { visit, text in
            let known = visit.cluster.networks[NetworkID(unchecked: text)]?.value
            return try Self.patch(visit.typed, over: known?.labels ?? [:])
        }
    }

    private static func tables(_ id: NetworkID, _ visit: Visit) -> [TableView] {
        let cluster = visit.cluster
        return [
            TableView(
                "network", caption: "The network", ["WHAT", "VALUE"],
                texts: cluster.networkFacts(id).map { [$0.what, $0.value] }),
            TableView(
                "subnets", caption: "Its subnets, one a row", Cluster.subnetHeadings,
                texts: cluster.subnetRows(id), ifEmpty: "It has none."),
            addressTable(cluster.addressListing(of: id, at: visit.now), at: visit.now),
        ]
    }

    private var addresses: APIRoute {
        pages.show("/addresses", "All addresses that VMs hold.") { visit in
            let listing = visit.cluster.addressListing(at: visit.now)
            return Page(
                title: "Addresses", template: "list",
                content: ListView(
                    heading: "Addresses",
                    intro:
                        "Nodes give them at a VM's first claim and keep them until it is deleted.",
                    tables: [Self.addressTable(listing, at: visit.now)],
                    links: [LinkView(href: "/networks", text: "All networks")]),
                kinds: [.address, .network, .vm])
        }
    }

    private static func addressTable(_ listing: Listing, at now: Timestamp) -> TableView {
        TableView(
            listing, caption: "Addresses that VMs hold, one a row", at: now,
            ifEmpty: "Nobody holds any."
        ) { _, _, heading, cell in
            if heading == "VM" { cell.href = LinkView.vm(cell.text).href }
        }
    }

    // MARK: Forms

    private static func fields(_ known: Network?) -> [FormView.Field] {
        func field(_ name: String, _ label: String, _ value: String?) -> FormView.Field {
            let hint = ResourceKind.network.fields.first { $0.name == name }?.hint
            return FormView.Field(name: name, label: label, value: value ?? "", hint: hint)
        }
        var (bridge, uplink, vlan): (String?, String?, Int?)
        var (vni, group, port): (Int?, IPAddress?, Int?)
        switch known?.kind {
        case .bridge(let name)?: bridge = name?.text
        case .vlan(let link, let id)?: (uplink, vlan) = (link.text, id)
        case .vxlan(let number, let multicast, let used)?:
            (vni, group) = (number, multicast)
            port = used == Network.Kind.defaultPort ? nil : used
        case nil: break
        }
        var fields = [
            field("name", "Name", known?.name.text),
            .choice(
                "kind", "Kind",
                among: Network.Kind.Word.allCases.map { ($0.rawValue, $0.rawValue) },
                chosen: (known?.kind.word ?? .vxlan).rawValue),
            field("vni", "VNI", vni?.description), field("group", "Group", group?.description),
            field("port", "Port", port?.description), field("uplink", "Uplink", uplink),
            field("vlan", "VLAN", vlan?.description), field("bridge", "Bridge", bridge),
            field("mtu", "MTU", known?.mtu?.description),
            FormView.Field(
                name: "subnets", label: "Subnets",
                value: (known?.subnets ?? []).map(SubnetText.text).joined(separator: "\n"),
                hint: "One a line, such as 10.7.0.0/24,gateway=10.7.0.1,dns=9.9.9.9.",
                isLong: true),
            FormView.Field(
                name: "nat64", label: "NAT64", value: known?.nat64.map(NAT64Text.text) ?? "",
                hint: "IPv4 addresses of guests that have IPv6 alone, and where they see IPv4, "
                    + "such as 10.64.0.0/24,prefix=fd00:64::/96."),
            field("domain", "Domain", known?.domain?.text),
            field("search", "Search", known?.search.map(\.text).joined(separator: ", ")),
            FormView.Field(
                name: "labels", label: "Labels", value: LabelText.text(known?.labels ?? [:]),
                hint: "May be empty."),
        ]
        fields[0].isRequired = true
        return fields
    }

    /// null where nothing is typed.
    private static func nat64(_ text: String) throws -> JSONValue {
        guard !text.trimmed.isEmpty else { return .null }
        do throws(MetaStackModel.ValidationError) {
            guard case .object(let fields) = try NAT64Text(text.trimmed).json else { return .null }
            // A prefix that is not typed is none, whatever the record has.
            return JSONValue.object(["prefix": .null]).with(fields)
        } catch {
            throw Problem.field("nat64", error.description)
        }
    }

    private static func patch(
        _ typed: [String: String], over labels: [String: String]
    ) throws -> JSONValue {
        try ResourceKind.network.fields.patch(typed, over: labels).with([
            "subnets": try LineText.patch("subnets", typed["subnets"] ?? "") {
                line throws(MetaStackModel.ValidationError) in try SubnetText(line).json
            },
            "nat64": try nat64(typed["nat64"] ?? ""),
            "search": LineText.words(typed["search"] ?? ""),
        ])
    }
}
