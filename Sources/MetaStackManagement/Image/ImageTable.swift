package import MetaStackModel

extension Cluster {
    /// Every image that is wanted or of which something is left, by name, then by id.
    private var allImageIDs: [ImageID] {
        imageNames.known.map { ($0.name ?? $0.id.text, $0.id) }.sorted { $0 < $1 }.map(\.1)
    }

    /// `image list` for people.
    package var imageTable: Table {
        var table = Table(
            ["NAME", "STATE", "SIZE", "FORMAT", "VMS", "URL", "MESSAGE"], right: ["SIZE", "VMS"])
        for id in allImageIDs {
            let image = images[id]?.value
            let status = ImageStatus(id, in: self)
            table.add([
                image?.name.text ?? id.text, status.text, actualImages[id]?.value.size?.short,
                image?.format?.rawValue, "\(users(of: id).count)", image?.url.description,
                status.message,
            ])
        }
        return table
    }

    /// `image list` for programs.
    package func imageDocument() throws -> JSONValue {
        .array(try allImageIDs.map { try document(of: $0) })
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
        let stored = actual.flatMap { actual in
            actual.rbdImage.map { (actual.pool.map { "\($0)/" } ?? "") + $0 }
        }
        table.add(["stored as", stored])
        table.add(["revision", images[id]?.revision.description])
        table.add(["used by", users(of: id).joined(separator: ", ")])
        return table.text
    }
}
