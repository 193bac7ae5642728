package import MetaStackModel

extension Cluster {
    /// `flavour list` for people.
    package var flavourTable: Table {
        var table = Table(
            ["NAME", "VCPUS", "RAM", "DISK", "VMS", "MESSAGE"],
            right: ["VCPUS", "RAM", "DISK", "VMS"])
        for (name, id) in flavourNames.known.map({ ($0.name ?? $0.id.text, $0.id) }).sorted(by: <) {
            let flavour = flavours[id]?.value
            table.add([
                name, flavour?.vcpus.description, flavour?.ram.short,
                flavour.map { $0.disk?.short ?? "as image" }, "\(users(of: id).count)",
                malformed[RecordKey.flavour(id).path]?.description,
            ])
        }
        return table
    }

    /// `flavour list` for programs.
    package func flavourDocument() throws -> JSONValue {
        .array(
            try flavours.sorted { ($0.value.value.name, $0.key) < ($1.value.value.name, $1.key) }
                .map { try JSONValue(id: $0.key.text, $0.value) })
    }

    /// One flavour for programs: `id`, `name`, `message`, and the record as it is.
    func document(of id: FlavourID) throws -> JSONValue {
        .object([
            "id": .string(id.text),
            "name": JSONValue(flavours[id]?.value.name.text),
            "message": JSONValue(malformed[RecordKey.flavour(id).path]?.description),
            "desired": try JSONValue(flavours[id]),
        ])
    }
}
