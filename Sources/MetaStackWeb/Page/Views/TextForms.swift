import Foundation

/// Texts that begin small, since they are parts of others, for those places where they stand alone.
extension String {
    var withCapital: String { prefix(1).uppercased() + dropFirst() }

    /// With a capital and a full stop.
    var asSentence: String {
        withCapital + (last.map { ".!?".contains($0) } == true ? "" : ".")
    }

    /// Without the blanks around it.
    var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
