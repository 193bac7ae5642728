import MetaStackManagement

/// `/flavours`.
struct FlavourRoutes {
    let pages: Pages

    var routes: [APIRoute] {
        CatalogueRoutes(
            kind: .flavour, one: "a flavour", pages: pages, fields: { _ in Self.fields }
        ) {
            visit in
            let listing = visit.cluster.flavourListing
            return (
                listing,
                TableView(
                    listing, caption: "Flavours, one a row", at: visit.now,
                    ifEmpty: "There are no flavours yet."
                ) { _, _, _, _ in }
            )
        }.routes
    }

    private static let fields = [
        FormView.Field(name: "name", label: "Name", isRequired: true),
        FormView.Field(
            name: "vcpus", label: "vCPUs", value: "1", type: "number", isRequired: true),
        FormView.Field(
            name: "ram", label: "RAM", hint: "Such as 512MiB or 4GiB.", isRequired: true),
        FormView.Field(
            name: "disk", label: "Disk",
            hint: "Such as 20GiB; as large as the image where it is empty."),
        FormView.Field(name: "labels", label: "Labels", hint: "May be empty."),
    ]
}
