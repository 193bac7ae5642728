import MetaStackManagement

/// `/ssh-keys`.
struct SSHKeyRoutes {
    let pages: Pages

    var routes: [APIRoute] {
        CatalogueRoutes(
            kind: .sshKey, one: "an SSH key", pages: pages, fields: { _ in Self.fields }
        ) {
            visit in
            let listing = visit.cluster.sshKeyListing
            let table = TableView(
                listing, caption: "Public keys that guests let in, one a row", at: visit.now,
                ifEmpty: "There are none yet."
            ) { _, _, _, _ in }
            return (listing, table)
        }.routes
    }

    private static let fields = [
        FormView.Field(
            name: "id", label: "Name", hint: "VMs name the key by it.", isRequired: true),
        FormView.Field(
            name: "public_key", label: "Public key",
            hint: "The line of the .pub file: ssh-ed25519 AAAA… alice@example.org.",
            isRequired: true, isLong: true),
        FormView.Field(
            name: "comment", label: "Comment", hint: "Else what stands behind the key."),
        FormView.Field(name: "labels", label: "Labels", hint: "May be empty."),
    ]
}
