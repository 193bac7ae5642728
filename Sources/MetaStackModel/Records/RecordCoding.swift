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

extension Record {
    /// Reads a record's JSON.
    ///
    /// - Throws: `MalformedRecord` that names the key, the field and the problem.
    public init(json: Data, path: String) throws(MalformedRecord) {
        do {
            self = try JSONDecoder().decode(Self.self, from: json)
        } catch {
            throw MalformedRecord(path: path, problem: RecordProblem.text(for: error))
        }
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

    private static func place(_ context: DecodingError.Context) -> String {
        let path = context.codingPath.map { $0.intValue.map { "\($0)" } ?? $0.stringValue }
        return path.isEmpty ? "the record" : "the field \(path.joined(separator: "."))"
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
