import Foundation
package import MetaStackModel

extension Cluster {
    /// `config list`: the settings that somebody made.
    package func configListing() throws -> Listing {
        let items = try resources(.config).map { resource in
            Listing.Item(
                id: resource.id, name: resource.name, labels: [:],
                cells: [
                    .text(resource.name),
                    .text(try desiredRecord(.config, resource.id)?.record.line()),
                    .text(malformed["global_config/\(resource.id)"]?.description),
                ],
                revisions: resource.revision.map { [$0] } ?? [],
                document: { try resource.document })
        }
        return Listing(.config, [.init("NAME"), .init("VALUE"), .init("MESSAGE")], items)
    }
}

extension JSONValue {
    /// On one line, fields in order; a text without its quotes.
    package func line() throws -> String {
        if case .string(let text) = self { return text }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}
