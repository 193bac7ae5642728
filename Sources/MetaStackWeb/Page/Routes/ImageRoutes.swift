import MetaStackManagement
import MetaStackModel

/// `/images`.
struct ImageRoutes {
    let pages: Pages

    var routes: [APIRoute] {
        CatalogueRoutes(kind: .image, one: "an image", pages: pages, fields: { _ in Self.fields }) {
            visit in
            let cluster = visit.cluster
            let listing = cluster.imageListing
            let table = TableView(
                listing, caption: "Images, one a row", at: visit.now,
                ifEmpty: "There are no images yet."
            ) { item, _, heading, cell in
                guard heading == "STATE" else { return }
                cell = .state(StateView(ImageStatus(ImageID(unchecked: item.id), in: cluster)))
            }
            return (listing, table)
        }.routes
    }

    private static let fields: [FormView.Field] = [
        FormView.Field(name: "name", label: "Name", isRequired: true),
        FormView.Field(
            name: "url", label: "Address",
            hint: "https://, http:// or file:///: where nodes fetch it.",
            isRequired: true),
        .choice(
            "format", "Format",
            among: [("", "found out"), ("raw", "raw"), ("qcow2", "qcow2")], chosen: ""),
        FormView.Field(
            name: "checksum", label: "Checksum",
            hint: "sha256: and 64 digits, of the file as it is fetched; may be empty."),
        FormView.Field(
            name: "labels", label: "Labels", hint: "Such as os=debian; may be empty."),
    ]
}
