/// Colours for states, so that what is wrong catches the eye.
///
/// Colours are never all that tells two states apart: the words do.
enum StateColour: Int, Sendable {
    // The numbers are those of ECMA-48's Select Graphic Rendition.
    case bad = 31
    case good = 32
    case passing = 33
    case idle = 2

    /// For the words of VMs', images', hosts' and volumes' states; nil for others.
    init?(state word: String) {
        switch word.prefix(while: { $0 != " " }) {
        case "running", "ready", "provisioned": self = .good
        case "failed", "malformed", "paused", "troubled", "absent": self = .bad
        case "pending", "claimed", "starting", "migrating", "suspended", "stopping", "deleting",
            "importing", "maintenance", "being":
            self = .passing
        case "stopped", "gone": self = .idle
        default: return nil
        }
    }

    func paint(_ text: String) -> String { "\u{1b}[\(rawValue)m\(text)\u{1b}[0m" }
}
