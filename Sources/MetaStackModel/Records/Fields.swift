/// One field's name in a record.
struct FieldName: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

/// Reads a record's fields by name and remembers which it knows, so that the rest can be kept.
///
/// An absent field and a `null` are the same: the field's default.
struct FieldReader {
    private enum Source {
        case container(KeyedDecodingContainer<FieldName>)
        /// Quicker by far, for records that are plain.
        case plain(PlainJSON.Fields)
    }

    private let source: Source
    private var known: [String] = []

    init(_ decoder: any Decoder) throws {
        if let plain = decoder as? PlainDecoder {
            source = .plain(try plain.fields())
        } else {
            source = .container(try decoder.container(keyedBy: FieldName.self))
        }
    }

    mutating func required<Value: Decodable>(_ name: String) throws -> Value {
        known.append(name)
        switch source {
        case .container(let container):
            return try named(name) { try container.decode(Value.self, forKey: $0) }
        case .plain(let fields):
            guard let field = fields.first(where: { $0.name == name }), field.value != .null else {
                throw PlainJSON.Unplain()
            }
            return try PlainDecoder.decode(Value.self, from: field.value)
        }
    }

    mutating func optional<Value: Decodable>(_ name: String) throws -> Value? {
        known.append(name)
        switch source {
        case .container(let container):
            return try named(name) { try container.decodeIfPresent(Value.self, forKey: $0) }
        case .plain(let fields):
            guard let field = fields.first(where: { $0.name == name }), field.value != .null else {
                return nil
            }
            return try PlainDecoder.decode(Value.self, from: field.value)
        }
    }

    /// A value that refuses itself does not know which field it stands in.
    private func named<Value>(_ name: String, _ read: (FieldName) throws -> Value) throws -> Value {
        do {
            return try read(FieldName(stringValue: name))
        } catch let error as ValidationError {
            throw FieldProblem(path: name, problem: error.description)
        } catch let error as FieldProblem {
            throw FieldProblem(path: "\(name).\(error.path)", problem: error.problem)
        }
    }

    mutating func optional<Value: Decodable>(
        _ name: String, default value: Value
    ) throws -> Value {
        try optional(name) ?? value
    }

    /// One of a few words; nil where it is absent.
    mutating func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ name: String
    ) throws -> Value? {
        guard let text: String = try optional(name) else { return nil }
        guard let value = Value(rawValue: text) else {
            let words = Value.allCases.map(\.rawValue).joined(separator: ", ")
            let error = ValidationError(
                subject: name, found: text, problem: "use one of \(words)")
            throw FieldProblem(path: name, problem: error.description)
        }
        return value
    }

    /// A list whose elements' problems say which of them is to blame; none where it is absent.
    mutating func list<Value: Decodable>(_ name: String) throws -> [Value] {
        guard case .container(let container) = source else {
            return try optional(name, default: [])
        }
        known.append(name)
        let field = FieldName(stringValue: name)
        guard container.contains(field), try !container.decodeNil(forKey: field) else { return [] }
        return try named(name) { field in
            var elements = try container.nestedUnkeyedContainer(forKey: field)
            var values: [Value] = []
            while !elements.isAtEnd {
                let index = "\(elements.currentIndex)"
                values.append(
                    try named(index) { _ in try elements.decode(Value.self) })
            }
            return values
        }
    }

    /// Labels: names and values by the rule for names, a value may be empty; none where absent.
    mutating func labels(_ name: String = "labels") throws -> [String: String] {
        let labels: [String: String] = try optional(name, default: [:])
        do throws(ValidationError) {
            try Labels.validate(labels)
        } catch {
            throw FieldProblem(path: name, problem: error.description)
        }
        return labels
    }

    /// What the record holds besides the fields that were asked for.
    func rest() throws -> [String: JSONValue] {
        var rest: [String: JSONValue] = [:]
        switch source {
        case .container(let container):
            for name in container.allKeys where !known.contains(name.stringValue) {
                rest[name.stringValue] = try container.decode(JSONValue.self, forKey: name)
            }
        case .plain(let fields):
            for field in fields where !known.contains(field.name) {
                rest[field.name] = field.value
            }
        }
        return rest
    }
}

/// Writes a record's fields; an absent optional one is left out, the unknown ones go back in.
struct FieldWriter {
    private var container: KeyedEncodingContainer<FieldName>

    init(_ encoder: any Encoder, rest: [String: JSONValue]) throws {
        container = encoder.container(keyedBy: FieldName.self)
        for (name, value) in rest {
            try container.encode(value, forKey: FieldName(stringValue: name))
        }
    }

    mutating func put<Value: Encodable>(_ name: String, _ value: Value?) throws {
        guard let value else { return }
        try container.encode(value, forKey: FieldName(stringValue: name))
    }
}
