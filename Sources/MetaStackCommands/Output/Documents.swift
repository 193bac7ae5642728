import Foundation
import MetaStackModel
import Yams

extension JSONValue {
    /// A record as it stands in etcd.
    init(_ record: some Record) throws {
        self = try JSONDecoder().decode(JSONValue.self, from: record.json())
    }

    /// A stored record with its revisions:
    /// `{"revision": …, "create_revision": …, "record": {…}}`.
    init(_ stored: Stored<some Record>) throws {
        self = .object([
            "revision": .integer(stored.revision.number),
            "create_revision": .integer(stored.createRevision.number),
            "record": try JSONValue(stored.value),
        ])
    }

    /// The same with its id, for records that stand alone.
    init(id: String, _ stored: Stored<some Record>) throws {
        self = try JSONValue(stored).adding(["id": .string(id)])
    }

    /// null where there is nothing.
    init(_ stored: Stored<some Record>?) throws {
        guard let stored else {
            self = .null
            return
        }
        self = try JSONValue(stored)
    }

    init(_ text: String?) { self = text.map { .string($0) } ?? .null }

    func adding(_ fields: [String: JSONValue]) -> JSONValue {
        guard case .object(let own) = self else { return self }
        return .object(own.merging(fields) { _, new in new })
    }

    /// For programs: fields in alphabetical order, a newline at the end.
    func text(as format: OutputFormat) throws -> String {
        switch format {
        case .yaml:
            let encoder = YAMLEncoder()
            encoder.options.sortKeys = true
            encoder.options.allowUnicode = true
            return try encoder.encode(self)
        case .json, .table:
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
        }
    }
}
