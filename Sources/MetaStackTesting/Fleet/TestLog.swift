public import Logging
import Synchronization

/// What all agents of one test say, kept for the failure that may come.
public final class TestLog: Sendable {
    private static let shown = 60
    private let kept = Mutex<[String]>([])

    private let level: Logger.Level

    /// - Parameter level: what is below it is not kept.
    public init(level: Logger.Level = .debug) { self.level = level }

    /// The last lines.
    public var tail: String { kept.withLock { $0.suffix(Self.shown).joined(separator: "\n") } }

    /// A logger whose lines begin with a label.
    public func logger(_ label: String) -> Logger {
        var logger = Logger(label: label) { [self] label in Handler(log: self, label: label) }
        logger.logLevel = level
        return logger
    }

    private func keep(_ line: String) { kept.withLock { $0.append(line) } }

    private struct Handler: LogHandler {
        let log: TestLog
        let label: String
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.debug

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }
            let words = all.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            log.keep(
                "\(label) \(event.level) \(event.message) \(words.joined(separator: " "))")
        }
    }
}
