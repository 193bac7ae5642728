public import Foundation

/// A value that stands under one etcd key as a JSON object.
public protocol Record: Codable, Sendable, Equatable {
    /// The fields that this version does not know; kept and written back.
    var rest: [String: JSONValue] { get set }
}

/// A record that cannot be read: which one, which field, and what is wrong.
public struct MalformedRecord: Error, Sendable, Equatable, CustomStringConvertible {
    /// The key below the prefix, such as `desired_vms/web`.
    public let path: String
    /// What is wrong, with the field's name.
    public let problem: String

    public init(path: String, problem: String) {
        self.path = path
        self.problem = problem
    }

    public var description: String { "record \(path) is malformed: \(problem)" }
}

/// What is wrong with one field of a record that somebody sent.
public struct FieldProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// Such as `ram` or `move.from`; empty where it is about the whole record.
    public let path: String
    public let problem: String

    public init(path: String, problem: String) {
        self.path = path
        self.problem = problem
    }

    public var description: String { problem }
}

extension ValidationError {
    /// As what is wrong with the field that it is about.
    var inField: FieldProblem { FieldProblem(path: subject, problem: description) }
}

extension Record {
    /// Reads what somebody wants to write, so that they can be told which field is wrong.
    public init(proposed json: Data) throws(FieldProblem) {
        do {
            self = try JSONDecoder().decode(Self.self, from: json)
        } catch {
            throw FieldProblem(
                path: RecordProblem.path(of: error), problem: RecordProblem.text(for: error))
        }
    }

    /// Reads a record's JSON.
    ///
    /// - Throws: `MalformedRecord` that names the key, the field and the problem.
    public init(json: Data, path: String) throws(MalformedRecord) {
        if let record = Self.plain(json) {
            self = record
            return
        }
        do {
            self = try JSONDecoder().decode(Self.self, from: json)
        } catch {
            throw MalformedRecord(path: path, problem: RecordProblem.text(for: error))
        }
    }

    /// The quick way to a record; nil where it is not plain, or wrong in any way.
    static func plain(_ json: Data) -> Self? {
        guard let fields = try? PlainJSON.fields(of: json) else { return nil }  // As it says.
        return try? Self(from: PlainDecoder(source: .fields(fields)))  // As it says.
    }

    /// The record as JSON: keys in order, so that equal records have equal bytes.
    public func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }
}

/// Puts a decoding error into the words of whoever wrote the record.
enum RecordProblem {
    static func text(for error: any Error) -> String {
        switch error {
        case let error as FieldProblem:
            return error.problem
        case let error as ValidationError:
            return error.description
        case DecodingError.keyNotFound(let key, _):
            return "the field \(key.stringValue) is missing"
        case DecodingError.typeMismatch(let type, let context):
            return "\(place(context)) must be \(words(for: type))"
        case DecodingError.valueNotFound(let type, let context):
            return "\(place(context)) must be \(words(for: type)), not null"
        case DecodingError.dataCorrupted(let context):
            if let cause = context.underlyingError as? ValidationError { return cause.description }
            return context.codingPath.isEmpty
                ? "it is no JSON object" : "\(place(context)): \(context.debugDescription)"
        default:
            return "\(error)"
        }
    }

    /// The field that an error is about, with dots between the levels; empty where it is none.
    static func path(of error: any Error) -> String {
        switch error {
        case let error as FieldProblem: error.path
        case let error as ValidationError: error.subject
        case DecodingError.keyNotFound(let key, let context):
            path(context.codingPath + [key])
        case DecodingError.typeMismatch(_, let context),
            DecodingError.valueNotFound(_, let context), DecodingError.dataCorrupted(let context):
            path(context.codingPath)
        default: ""
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        keys.map { $0.intValue.map { "\($0)" } ?? $0.stringValue }.joined(separator: ".")
    }

    private static func place(_ context: DecodingError.Context) -> String {
        let path = path(context.codingPath)
        return path.isEmpty ? "the record" : "the field \(path)"
    }

    private static func words(for type: any Any.Type) -> String {
        switch type {
        case is String.Type: "a text"
        case is Int.Type, is Int64.Type: "a whole number"
        case is Double.Type: "a number"
        case is Bool.Type: "true or false"
        case is [Any].Type: "a list"
        case is [String: Any].Type: "an object"
        default: "\(type)"
        }
    }
}
