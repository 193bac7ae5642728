package import MetaStackModel

extension Cluster {
    /// Every image that is wanted or of which something is left, by name, then by id.
    private var allImageIDs: [ImageID] {
        imageNames.known.map { ($0.name ?? $0.id.text, $0.id) }.sorted { $0 < $1 }.map(\.1)
    }

    private static let imageColumns: [Listing.Column] = [
        .init("NAME"), .init("STATE"), .init("SIZE", .right), .init("FORMAT"),
        .init("VMS", .right), .init("URL"), .init("ID", wide: true), .init("HOST", wide: true),
        .init("STORED AS", wide: true), .init("CHECKSUM", wide: true),
        .init("LABELS", wide: true), .init("MESSAGE"),
    ]

    /// `image list`.
    package var imageListing: Listing {
        let items = allImageIDs.map { id in
            let image = images[id]?.value
            let actual = actualImages[id]?.value
            let status = ImageStatus(id, in: self)
            let name = image?.name.text ?? id.text
            return Listing.Item(
                id: id.text, name: name, labels: image?.labels ?? [:],
                cells: [
                    .text(name), .text(status.text), .size(actual?.size),
                    .text(image?.format?.rawValue), .number(users(of: id).count),
                    .text(image?.url.description), .text(id.text), .text(actual?.host.text),
                    .text(actual?.storedAs), .text(image?.checksum?.description),
                    .labels(image?.labels ?? [:]), .text(status.message),
                ],
                revisions: [images[id]?.revision, actualImages[id]?.revision]
                    .compactMap(\.self),
                document: { try self.document(of: id) })
        }
        return Listing(.image, Self.imageColumns, items)
    }

    /// One image for programs: `id`, `name`, `status`, `message`, and the records as they are.
    package func document(of id: ImageID) throws -> JSONValue {
        let status = ImageStatus(id, in: self)
        return .object([
            "id": .string(id.text),
            "name": JSONValue(images[id]?.value.name.text),
            "status": .string(status.word.rawValue),
            "percent": status.percent.map { .integer(Int64($0)) } ?? .null,
            "message": JSONValue(status.message),
            "desired": try JSONValue(images[id]),
            "actual": try JSONValue(actualImages[id]),
        ])
    }

    /// `image show` for people.
    package func imageDetails(_ id: ImageID) -> String {
        let image = images[id]?.value
        let actual = actualImages[id]?.value
        let status = ImageStatus(id, in: self)
        var table = Table(["IMAGE", image?.name.text ?? id.text])
        table.add(["id", id.text])
        table.add(["state", status.text])
        table.add(["message", status.message])
        table.add(["url", image?.url.description])
        table.add(["format", image.map { $0.format?.rawValue ?? "found out when fetched" }])
        table.add(["checksum wanted", image?.checksum?.description])
        table.add(["checksum found", actual?.checksum?.description])
        table.add(["size", actual?.size?.short])
        table.add(["host", actual?.host.text])
        table.add(["stored as", actual?.storedAs])
        table.add(["labels", Listing.Cell.labels(image?.labels ?? [:]).text])
        table.add(["revision", images[id]?.revision.description])
        table.add(["used by", users(of: id).joined(separator: ", ")])
        return table.text
    }
}

extension ActualImage {
    /// The pool and the RBD image.
    fileprivate var storedAs: String? { rbdImage.map { (pool.map { "\($0)/" } ?? "") + $0 } }
}
