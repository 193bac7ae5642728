package import MetaStackModel

extension Cluster {
    private static let volumeColumns: [Listing.Column] = [
        .init("NAME"), .init("STATE"), .init("POOL"), .init("IMAGE"), .init("SIZE", .right),
        .init("CLONED FROM"), .init("ID", wide: true), .init("LABELS", wide: true),
        .init("MESSAGE"),
    ]

    /// `volume list`. A volume has the labels of the VM that it belongs to.
    package func volumeListing() throws -> Listing {
        let items = try resources(.volume).map { resource in
            // What has no id of a volume cannot be read, and is shown as that.
            let id = try? VolumeID(resource.id)
            let stored = id.flatMap { volumes[$0.vm]?[$0] }
            let volume = stored?.value
            let labels = id.flatMap { desiredVMs[$0.vm]?.value.labels } ?? [:]
            return Listing.Item(
                id: resource.id, name: resource.name, labels: labels,
                cells: [
                    .text(resource.name), .text(resource.status), .text(volume?.pool.text),
                    .text(volume?.image), .size(volume?.size),
                    .text(volume?.source.map { imageWord($0.text) }), .text(resource.id),
                    .labels(labels), .text(malformed["volumes/\(resource.id)"]?.description),
                ],
                revisions: stored.map { [$0.revision] } ?? [], document: { try resource.document })
        }
        return Listing(.volume, Self.volumeColumns, items)
    }

    /// `volume show` for people.
    package func volumeDetails(_ resource: Resource) -> String {
        // What has no id of a volume cannot be read, and has nothing to show.
        let id = try? VolumeID(resource.id)
        let volume = id.flatMap { volumes[$0.vm]?[$0] }
        var table = Table(["VOLUME", resource.name])
        table.add(["id", resource.id])
        table.add(["state", resource.status])
        table.add(["message", malformed["volumes/\(resource.id)"]?.description])
        table.add(["vm", id.map { VMOverview($0.vm, in: self).name }])
        table.add(["pool", volume?.value.pool.text])
        table.add(["image", volume?.value.image])
        table.add(["size", volume?.value.size?.short])
        table.add(["cloned from", volume?.value.source.map { imageWord($0.text) }])
        table.add(["earlier attempts", volume?.value.discarded.joined(separator: ", ")])
        table.add(["revision", volume?.revision.description])
        return table.text
    }
}
