import MetaStackManagement
import MetaStackModel

/// `/security-groups`.
struct SecurityGroupRoutes {
    let pages: Pages

    var routes: [APIRoute] { catalogue.routes + one.routes }

    private var catalogue: CatalogueRoutes {
        CatalogueRoutes(
            kind: .securityGroup, one: "a security group", pages: pages,
            fields: { _ in Self.fields(nil) },
            links: [LinkView(href: "/networks", text: "All networks")],
            record: { try Self.patch($0.typed, over: [:]) }
        ) { visit in
            let listing = visit.cluster.securityGroupListing
            let table = TableView(
                listing, caption: "Security groups, one a row", at: visit.now,
                ifEmpty: "There are none yet: NICs get and send what they like."
            ) { item, _, heading, cell in
                if heading == "NAME" { cell.href = "/security-groups/\(item.id.pathSegment)" }
            }
            return (listing, table)
        }
    }

    private var one: ThingRoutes {
        ThingRoutes(kind: .securityGroup, pages: pages) { visit, text in
            let id = SecurityGroupID(unchecked: text)
            return [
                TableView(
                    "group", caption: "The group", ["WHAT", "VALUE"],
                    texts: visit.cluster.securityGroupFacts(id).map { [$0.what, $0.value] }),
                TableView(
                    "rules", caption: "What it allows, one rule a row", Cluster.ruleHeadings,
                    right: ["RULE"], texts: visit.cluster.ruleRows(id),
                    ifEmpty: "It has no rules: nothing gets in."),
            ]
        } fields: { visit, text in
            Self.fields(visit.cluster.securityGroups[SecurityGroupID(unchecked: text)]?.value)
        } patch: { visit, text in
            let known = visit.cluster.securityGroups[SecurityGroupID(unchecked: text)]?.value
            return try Self.patch(visit.typed, over: known?.labels ?? [:])
        }
    }

    private static func fields(_ known: SecurityGroup?) -> [FormView.Field] {
        [
            FormView.Field(
                name: "name", label: "Name", value: known?.name.text ?? "", isRequired: true),
            FormView.Field(
                name: "rules", label: "Rules",
                value: (known?.rules ?? []).map(RuleText.text).joined(separator: "\n"),
                hint: "One a line, such as ingress,protocol=tcp,ports=80,remote=10.0.0.0/8.",
                isLong: true),
            FormView.Field(
                name: "labels", label: "Labels", value: LabelText.text(known?.labels ?? [:]),
                hint: "May be empty."),
        ]
    }

    private static func patch(
        _ typed: [String: String], over labels: [String: String]
    ) throws -> JSONValue {
        try ResourceKind.securityGroup.fields.patch(typed, over: labels).with([
            "rules": try LineText.patch("rules", typed["rules"] ?? "") {
                line throws(MetaStackModel.ValidationError) in try RuleText(line).json
            }
        ])
    }
}
