import MetaStackModel

/// A field that nobody knows is most often a slip; one that is there already may be a later version's,
/// and stays.
enum UnknownField {
    /// - Parameters:
    ///   - old: what stood there before; of a list, all of its elements.
    ///   - noun: what has the fields, for the sentence.
    /// - Throws: `FieldProblem` for the first that there is not.
    static func refuse(
        in object: [String: JSONValue], _ known: [ResourceField], _ old: [JSONValue],
        of noun: String, path: [String]
    ) throws(FieldProblem) {
        var names = Set(known.map(\.name))
        for case .object(let fields) in old { names.formUnion(fields.keys) }
        for name in object.keys.sorted() where !names.contains(name) {
            let near = known.map(\.name).nearest(to: name)
            throw FieldProblem(
                path: (path + [name]).joined(separator: "."),
                problem: "there is no field \(name.quotedForPeople) in \(noun)"
                    + (near.map { ", did you mean \($0)?" } ?? ""))
        }
        for field in known {
            guard let value = object[field.name] else { continue }
            let before = old.compactMap { old -> JSONValue? in
                guard case .object(let fields) = old else { return nil }
                return fields[field.name]
            }
            try refuse(in: value, field.form, before, path: path + [field.name])
        }
    }

    private static func refuse(
        in value: JSONValue, _ form: ResourceField.Form, _ old: [JSONValue], path: [String]
    ) throws(FieldProblem) {
        switch (form, value) {
        case (.object(let known), .object(let fields)):
            try refuse(in: fields, known, old, of: path.last ?? "", path: path)
        case (.list(let form, _), .array(let elements)):
            let before = old.flatMap { old -> [JSONValue] in
                guard case .array(let elements) = old else { return [] }
                return elements
            }
            for (index, element) in elements.enumerated() {
                guard case .object(let known) = form, case .object(let fields) = element else {
                    continue
                }
                try refuse(
                    in: fields, known, before, of: path.last ?? "", path: path + ["\(index)"])
            }
        default: break
        }
    }
}
