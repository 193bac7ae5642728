import Foundation
import MetaStackManagement
import MetaStackModel

/// Labels as people write them: `app=web,tier=front`.
enum LabelText {
    static func text(_ labels: [String: String]) -> String {
        labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }

    /// - Throws: `Problem` for a part without a sign between name and value.
    static func labels(_ text: String) throws -> [String: String] {
        var labels: [String: String] = [:]
        for part in text.split(separator: ",") {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                .map { $0.trimmingCharacters(in: .whitespaces) }
            guard sides.count == 2, !sides[0].isEmpty else {
                throw Problem.field(
                    "labels", "\(String(part).quotedForPeople) is no label, write it like app=web")
            }
            labels[sides[0]] = sides[1]
        }
        return labels
    }

    /// A merge patch: those that are there and not wanted any more go.
    static func patch(_ text: String, over known: [String: String]) throws -> JSONValue {
        let wanted: [String: JSONValue] = try labels(text).mapValues { .string($0) }
        return .object(known.mapValues { _ in JSONValue.null }.merging(wanted) { $1 })
    }
}
