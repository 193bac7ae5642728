import ArgumentParser
import Foundation
import MetaStackManagement
import MetaStackModel

/// `KEY=VALUE` on the command line: a field of a desired record and what shall stand in it.
///
/// A dot leads into a field, as in `labels.app=web`.
struct FieldAssignment: Sendable, Equatable {
    let field: String
    /// Behind the first dot; nil where the whole field is meant.
    let part: String?
    /// nil removes it.
    let value: String?

    /// - Throws: `ValidationError` where it is neither `KEY=VALUE` nor `KEY-`.
    init(_ text: String) throws {
        let sides = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        var key = sides[0]
        if sides.count == 2 {
            value = sides[1] == "null" ? nil : String(sides[1])
        } else if key.hasSuffix("-") {
            key = key.dropLast()
            value = nil
        } else {
            throw ArgumentParser.ValidationError(
                "\(text.quotedForPeople) is no KEY=VALUE, such as priority=5")
        }
        let parts = key.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard !parts[0].isEmpty, parts.last?.isEmpty == false else {
            throw ArgumentParser.ValidationError("\(text.quotedForPeople) names no field")
        }
        field = String(parts[0])
        part = parts.count == 2 ? String(parts[1]) : nil
    }

    /// The change as a JSON Merge Patch.
    ///
    /// - Throws: `CommandFailure` where a flavour or an image is meant that there is not.
    func patch(_ kind: ResourceKind, in cluster: Cluster) throws -> JSONValue {
        let form = kind.fields.first { $0.name == field }?.form
        guard let value else { return .object([field: part.map { .object([$0: .null]) } ?? .null]) }
        guard let part else {
            return .object([field: try json(value, form, kind, cluster)])
        }
        return .object([field: .object([part: try Self.inner(value, form, part)])])
    }

    private func json(
        _ value: String, _ form: ResourceField.Form?, _ kind: ResourceKind, _ cluster: Cluster
    ) throws -> JSONValue {
        switch form {
        case .name where kind == .vm && field == "flavour":
            return .string(try cluster.find(.flavour, value))
        case .name where kind == .vm && field == "image":
            return .string(try cluster.find(.image, value))
        case .name, .text, .choice, .checksum, .url, .time, .hostName, .pattern:
            return .string(value)
        case .publicKey, .document: return .string(try Self.text(value))
        case .size: return Int64(value).map { .integer($0) } ?? .string(value)
        case .boolean, .integer, .number: return YAMLDocuments.plain(value)
        case .labels, .groups, .object, .list, .anything, nil:
            return try YAMLDocuments.read(value, file: field).first ?? .string(value)
        }
    }

    private static func inner(
        _ value: String, _ form: ResourceField.Form?, _ part: String
    ) throws -> JSONValue {
        switch form {
        case .labels, .groups: return .string(value)
        case .object(let fields):
            switch fields.first(where: { $0.name == part })?.form {
            case .boolean, .integer, .number, nil: return YAMLDocuments.plain(value)
            case .list: return try YAMLDocuments.read(value, file: part).first ?? .array([])
            case .document: return .string(try text(value))
            default: return .string(value)
            }
        default: return YAMLDocuments.plain(value)
        }
    }

    /// Text of several lines stands in a file; none of those fields begins with the sign itself.
    private static func text(_ value: String) throws -> String {
        value.hasPrefix("@") ? try FileOptions.text(String(value.dropFirst())) : value
    }

    // MARK: Help

    /// The fields of a kind with what they mean.
    static func help(_ kind: ResourceKind) -> String {
        let width = kind.fields.map(\.name.count).max() ?? 0
        let lines = kind.fields.map { field in
            "  " + field.name.padding(toLength: width + 2, withPad: " ", startingAt: 0)
                + field.summary
        }
        let hasFiles = kind == .vm || kind == .sshKey
        let files = hasFiles ? " @ reads a file: \(fileExample(kind))." : ""
        return (["A dot leads into a field: labels.app=web.\(files) The fields:"] + lines)
            .joined(separator: "\n")
    }

    private static func fileExample(_ kind: ResourceKind) -> String {
        kind == .vm ? "cloud_init.user_data=@setup.yaml" : "public_key=@id_ed25519.pub"
    }

    /// For shells to complete.
    static func keys(_ kind: ResourceKind) -> [String] { kind.fields.map { $0.name + "=" } }
}

extension JSONValue {
    /// Two patches in one, of which the other counts where both say something.
    func overlaid(with other: JSONValue) -> JSONValue {
        guard case .object(let own) = self, case .object(let fields) = other else { return other }
        return .object(own.merging(fields) { $0.overlaid(with: $1) })
    }
}
