package import MetaStackModel

/// A document that says what is wanted of one thing: a desired record with a `kind`.
///
/// VMs, images, flavours, networks and security groups are told apart by the record's `name` (or an `id`); hosts, settings and
/// keys have no name in their records, so `name` stands beside them here.
package struct ApplyDocument: Sendable, Equatable {
    package let kind: ResourceKind
    /// Where somebody says it; nil to go by the name.
    package let id: String?
    package let name: String?
    /// The desired record alone.
    package let record: [String: JSONValue]
    /// Such as `web.yaml, document 2`, for errors.
    package let place: String

    /// The documents of a value: one object, or a list of them.
    ///
    /// - Throws: `CommandFailure` (usage) where it is none.
    package static func all(
        _ value: JSONValue, place: String
    ) throws(CommandFailure) -> [ApplyDocument] {
        guard case .array(let elements) = value else { return [try Self(value, place: place)] }
        var documents: [ApplyDocument] = []
        for element in elements { documents.append(try Self(element, place: place)) }
        return documents
    }

    init(_ value: JSONValue, place: String) throws(CommandFailure) {
        guard case .object(var fields) = value else {
            throw CommandFailure(.usage, "\(place): a document is an object with a kind and fields")
        }
        kind = try Self.kind(fields.removeValue(forKey: "kind"), place)
        id = try Self.text(fields.removeValue(forKey: "id"), "id", place)
        name = try Self.text(fields["name"], "name", place)
        self.place = place
        let isNamedByRecord = kind.fields.contains { $0.name == "name" }
        if !isNamedByRecord { fields["name"] = nil }
        record = fields
        guard id != nil || name != nil else {
            throw CommandFailure(.usage, "\(place): the \(kind.word) has no name")
        }
    }

    private static func kind(
        _ value: JSONValue?, _ place: String
    ) throws(CommandFailure) -> ResourceKind {
        let known = ResourceKind.allCases.filter(\.isWritable).map(\.word)
        let choice = "use one of \(known.joined(separator: ", "))"
        guard let word = try text(value, "kind", place) else {
            throw CommandFailure(.usage, "\(place): the field kind is missing, \(choice)")
        }
        guard let kind = ResourceKind(rawValue: word.lowercased()), kind.isWritable else {
            let near = known.nearest(to: word).map { "did you mean \($0)?" }
            throw CommandFailure(
                .usage, "\(place): there is no kind \(word.quotedForPeople), \(near ?? choice)")
        }
        return kind
    }

    private static func text(
        _ value: JSONValue?, _ name: String, _ place: String
    ) throws(CommandFailure) -> String? {
        guard let value, value != .null else { return nil }
        guard case .string(let text) = value else {
            throw CommandFailure(.usage, "\(place): the field \(name) must be a text")
        }
        return text
    }

    /// The whole record to write over the one that is there.
    ///
    /// What the document does not say is at its default, but for what verbs switch and management
    /// notes: a file that says nothing of a VM's state does not start one that somebody stopped.
    func record(over stored: DesiredRecord?, in cluster: Cluster) -> JSONValue {
        guard case .object(let old)? = stored?.record else { return .object(record) }
        var fields = record
        let known = Set(kind.fields.map(\.name))
        for (name, value) in old where fields[name] == nil {
            let isKept = Self.kept[kind]?.contains(name) == true
            if isKept || !kind.isOpen && !known.contains(name) { fields[name] = value }
        }
        // A name and an id that mean the same are no change.
        for (name, value) in old {
            if case .string(let new)? = fields[name], case .string(let old) = value,
                Self.meansTheSame(name, old, new, kind, cluster)
            {
                fields[name] = value
            }
        }
        return .object(fields)
    }

    private static let kept: [ResourceKind: Set<String>] = [
        .vm: ["state", "move", "created_at"], .host: ["state", "reason", "since", "by"],
    ]

    private static func meansTheSame(
        _ field: String, _ old: String, _ new: String, _ kind: ResourceKind, _ cluster: Cluster
    ) -> Bool {
        guard kind == .vm, old != new else { return false }
        // A reference that leads nowhere means nothing, and is told when the record is checked.
        switch field {
        case "flavour":
            let (a, b) = (try? cluster.flavour(old).id, try? cluster.flavour(new).id)
            return a != nil && a == b
        case "image":
            let (a, b) = (try? cluster.image(old).id, try? cluster.image(new).id)
            return a != nil && a == b
        default: return false
        }
    }
}
