import Foundation
import Hummingbird
import MetaStackManagement
import MetaStackModel

/// What a list is asked for: which of the things, which of their fields, and how many at a time.
struct ListQuery {
    static let mostItems = 1000
    static let parameters = [
        APIRoute.Parameter(
            name: "labels", place: .query, summary: "only those with these labels: `app=web,!spare`"
        ),
        APIRoute.Parameter(
            name: "status", place: .query, summary: "only those of this status, such as `running`"),
        APIRoute.Parameter(
            name: "where", place: .query,
            summary: "only those with these values of fields, by their paths: "
                + "`desired.record.host=host1,status!=running`; what is not there is empty"),
        APIRoute.Parameter(
            name: "fields", place: .query,
            summary: "only these fields, by their paths: `name,status,desired.record.host`"),
        APIRoute.Parameter(
            name: "limit", place: .query, summary: "how many at most",
            schema: .object([
                "type": .string("integer"), "minimum": .integer(1),
                "maximum": .integer(Int64(mostItems)),
            ])),
        APIRoute.Parameter(
            name: "continue", place: .query, summary: "where the page before this one ended"),
    ]

    private let selector: LabelSelector
    private let chosen: FieldSelector
    private let status: String?
    private let fields: [[String]]
    private let limit: Int
    private let after: (name: String, id: String)?

    /// - Throws: `Problem` (400) for a value that cannot be read.
    init(_ request: Request) throws {
        let query = request.uri.queryParameters
        func text(_ name: String) -> String? { query[Substring(name)].map(String.init) }
        do throws(MetaStackModel.ValidationError) {
            selector = try LabelSelector(text("labels") ?? "")
            chosen = try FieldSelector(text("where") ?? "")
        } catch {
            throw Problem(.badRequest, error.description)
        }
        status = text("status")
        fields = (text("fields") ?? "").split(separator: ",").map {
            $0.split(separator: ".").map(String.init)
        }
        guard let text = text("limit") else {
            limit = Self.mostItems
            after = try Self.mark(text("continue"))
            return
        }
        guard let number = Int(text), (1...Self.mostItems).contains(number) else {
            throw Problem(.badRequest, "limit is a number from 1 to \(Self.mostItems)")
        }
        limit = number
        after = try Self.mark(query["continue"].map(String.init))
    }

    /// A page of the things, in the order of their names.
    func page(_ kind: ResourceKind, in cluster: Cluster) throws -> JSONValue {
        var rest = try cluster.resources(kind).filter { resource in
            try selector.matches(resource.labels)
                && (status == nil || status == resource.status)
                // Documents are made only where somebody asks for what is in them.
                && (chosen.isEmpty || chosen.matches(resource.document))
        }
        if let after { rest = rest.filter { ($0.name, $0.id) > after } }
        let items = rest.prefix(limit)
        let next = rest.count > limit ? items.last.map(Self.mark) : nil
        return .object([
            "kind": .string(kind.plural),
            "revision": .integer(cluster.revision.number),
            "items": .array(try items.map { select(try $0.document) }),
            "continue": next.map { .string($0) } ?? .null,
        ])
    }

    private func select(_ document: JSONValue) -> JSONValue {
        guard !fields.isEmpty else { return document }
        return fields.reduce(.object([:])) { $0.merged(with: Self.part($1[...], of: document)) }
    }

    /// The document with one path alone; an absent one is left out.
    private static func part(_ path: ArraySlice<String>, of document: JSONValue) -> JSONValue {
        guard let first = path.first, case .object(let fields) = document,
            let value = fields[first]
        else { return .object([:]) }
        let rest = path.dropFirst()
        return .object([first: rest.isEmpty ? value : part(rest, of: value)])
    }

    private static func mark(_ resource: Resource) -> String {
        Data("\(resource.name)\n\(resource.id)".utf8).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    private static func mark(_ text: String?) throws -> (name: String, id: String)? {
        guard let text else { return nil }
        let base64 = text.replacing("-", with: "+").replacing("_", with: "/")
        let padded = base64 + String(repeating: "=", count: (4 - base64.count % 4) % 4)
        let lines = Data(base64Encoded: padded).map { String(decoding: $0, as: UTF8.self) }?
            .split(separator: "\n", omittingEmptySubsequences: false)
        guard let lines, lines.count == 2 else {
            throw Problem(.badRequest, "continue is what the page before this one said")
        }
        return (String(lines[0]), String(lines[1]))
    }
}
