import MetaStackManagement
import Synchronization

/// One line that is written over itself while a command waits.
final class ProgressLine: Sendable {
    private let screen: Screen
    private let isOn: Bool
    private let shown = Mutex("nothing was heard from etcd")
    /// Longer lines would wrap, and a wrapped line cannot be written over.
    private static let maximumWidth = 79

    init(screen: Screen, isOn: Bool) {
        self.screen = screen
        self.isOn = isOn
    }

    /// What was said last, for the report when the time is over.
    var last: String { shown.withLock(\.self) }

    /// `CSI K` clears to the end of the line (ECMA-48).
    func show(_ what: String, _ text: String) {
        shown.withLock { $0 = text }
        guard isOn else { return }
        let line = "\(what): \(text)".printable.cut(toWidth: Self.maximumWidth)
        screen.errors("\r\(line)\u{1b}[K")
    }

    func clear() {
        if isOn { screen.errors("\r\u{1b}[K") }
    }
}
