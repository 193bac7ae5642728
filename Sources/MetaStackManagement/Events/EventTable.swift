import MetaStackModel

extension [ClusterEvent] {
    private static let columns: [Listing.Column] = [
        .init("TIME"), .init("REVISION", .right, wide: true), .init("KIND"), .init("NAME"),
        .init("ID", wide: true), .init("HOSTS", wide: true), .init("EVENT"), .init("DETAIL"),
    ]

    /// `event list`.
    package var listing: Listing {
        let items = map { event in
            Listing.Item(
                id: event.id, name: event.name, labels: [:],
                cells: [
                    .text(event.time?.description),
                    event.revision.map { .number(Int($0.number)) } ?? .text(nil),
                    .text(event.kind.rawValue), .text(event.name), .text(event.id),
                    .text(event.hosts.map(\.text).joined(separator: ",")),
                    .text(event.word.rawValue), .text(event.detail),
                ],
                revisions: [], document: { event.document })
        }
        return Listing(one: "event", many: "events", Self.columns, items)
    }
}
