import Foundation
package import MetaStackModel

extension JSONValue {
    /// A record as it stands in etcd.
    package init(_ record: some Record) throws {
        self = try JSONDecoder().decode(JSONValue.self, from: record.json())
    }

    /// A stored record with its revisions:
    /// `{"revision": …, "create_revision": …, "record": {…}}`.
    package init(_ stored: Stored<some Record>) throws {
        self = .object([
            "revision": .integer(stored.revision.number),
            "create_revision": .integer(stored.createRevision.number),
            "record": try JSONValue(stored.value),
        ])
    }

    /// The same with its id, for records that stand alone.
    package init(id: String, _ stored: Stored<some Record>) throws {
        self = try JSONValue(stored).adding(["id": .string(id)])
    }

    /// null where there is nothing.
    package init(_ stored: Stored<some Record>?) throws {
        guard let stored else {
            self = .null
            return
        }
        self = try JSONValue(stored)
    }

    package init(_ text: String?) { self = text.map { .string($0) } ?? .null }

    package func adding(_ fields: [String: JSONValue]) -> JSONValue {
        guard case .object(let own) = self else { return self }
        return .object(own.merging(fields) { _, new in new })
    }
}
