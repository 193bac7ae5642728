import Foundation
import MetaStackManagement
import MetaStackModel
import Yams

extension JSONValue {
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
