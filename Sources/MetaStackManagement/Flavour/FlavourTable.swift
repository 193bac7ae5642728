package import MetaStackModel

extension Cluster {
    private static let flavourColumns: [Listing.Column] = [
        .init("NAME"), .init("VCPUS", .right), .init("RAM", .right), .init("DISK", .right),
        .init("VMS", .right), .init("ID", wide: true), .init("LABELS", wide: true),
        .init("MESSAGE"),
    ]

    /// `flavour list`.
    package var flavourListing: Listing {
        let ids = flavourNames.known.map { ($0.name ?? $0.id.text, $0.id) }.sorted(by: <)
        let items = ids.map { name, id in
            let stored = flavours[id]
            let flavour = stored?.value
            return Listing.Item(
                id: id.text, name: name, labels: flavour?.labels ?? [:],
                cells: [
                    .text(name), flavour.map { .number($0.vcpus) } ?? .text(nil),
                    .size(flavour?.ram),
                    .size(flavour?.disk, orElse: flavour.map { _ in "as image" }),
                    .number(users(of: id).count), .text(id.text),
                    .labels(flavour?.labels ?? [:]),
                    .text(malformed[RecordKey.flavour(id).path]?.description),
                ],
                revisions: stored.map { [$0.revision] } ?? [],
                document: { try self.document(of: id) })
        }
        return Listing(.flavour, Self.flavourColumns, items)
    }

    /// `flavour show` for people.
    package func flavourDetails(_ id: FlavourID) -> String {
        let flavour = flavours[id]?.value
        var table = Table(["FLAVOUR", flavour?.name.text ?? id.text])
        table.add(["id", id.text])
        table.add(["message", malformed[RecordKey.flavour(id).path]?.description])
        table.add(["vcpus", flavour?.vcpus.description])
        table.add(["ram", flavour?.ram.short])
        table.add(["disk", flavour.map { $0.disk?.short ?? "as large as the image" }])
        table.add(["labels", Listing.Cell.labels(flavour?.labels ?? [:]).text])
        table.add(["revision", flavours[id]?.revision.description])
        table.add(["used by", users(of: id).joined(separator: ", ")])
        return table.text
    }

    /// One flavour for programs: `id`, `name`, `message`, and the record as it is.
    package func document(of id: FlavourID) throws -> JSONValue {
        .object([
            "id": .string(id.text),
            "name": JSONValue(flavours[id]?.value.name.text),
            "message": JSONValue(malformed[RecordKey.flavour(id).path]?.description),
            "desired": try JSONValue(flavours[id]),
        ])
    }
}
