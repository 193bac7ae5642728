import ArgumentParser
import MetaStackManagement
import MetaStackModel

/// What verbs take that can wait for the nodes.
struct WaitOptions: ParsableArguments {
    @Flag(help: "Wait until it is so.")
    var wait = false

    @Option(
        help: ArgumentHelp(
            "Wait until it is this instead: \(WaitCondition.words), as far as it can come so.",
            valueName: "condition"),
        completion: .list(WaitCondition.allCases.map(\.rawValue)), transform: WaitCondition.init)
    var waitFor: WaitCondition?

    @Option(
        help: ArgumentHelp(
            "How long to wait at most, such as 90s or 5m; seconds without a unit.",
            valueName: "time"),
        transform: WaitOptions.timeout)
    var timeout = Duration.seconds(120)

    /// Whether to wait at all.
    var isOn: Bool { wait || waitFor != nil }

    /// What to wait for.
    ///
    /// - Parameter conditions: what may become so by the verb, that of a bare `--wait` first.
    /// - Throws: `ValidationError` where something else was asked for.
    func condition(outOf conditions: WaitCondition...) throws -> WaitCondition {
        let wanted = waitFor ?? conditions[0]
        guard conditions.contains(wanted) else {
            let words = conditions.map(\.rawValue).joined(separator: " or ")
            throw ArgumentParser.ValidationError(
                "it never becomes \(wanted.rawValue) by this: wait for \(words)")
        }
        return wanted
    }

    static func timeout(_ text: String) throws -> Duration {
        let duration = try Duration(setting: text.last?.isNumber == true ? text + "s" : text)
        guard duration > .zero else {
            throw ArgumentParser.ValidationError("a time above zero is needed")
        }
        return duration
    }
}

/// What can be waited for.
enum WaitCondition: String, Sendable, CaseIterable {
    /// A host has taken the VM.
    case claimed
    case running, stopped
    /// The VM runs on another host.
    case moved
    /// Nothing is left of it.
    case gone
    /// An image can be cloned.
    case ready
    /// A host has no VMs any more.
    case drained

    static var words: String { allCases.map(\.rawValue).joined(separator: ", ") }

    /// - Throws: `ValidationError` for a word that is none of them.
    init(_ text: String) throws {
        guard let condition = Self(rawValue: text) else {
            let near = Self.allCases.map(\.rawValue).nearest(to: text)
            throw ArgumentParser.ValidationError(
                "nothing becomes \(text.quotedForPeople), "
                    + (near.map { "did you mean \($0)?" } ?? "wait for one of \(Self.words)"))
        }
        self = condition
    }
}

extension VMGoal {
    /// - Parameter revision: of the desired record that asks for it.
    init(_ condition: WaitCondition, since revision: Revision) {
        switch condition {
        case .claimed: self = .claimed(since: revision)
        case .stopped: self = .stopped(since: revision)
        case .gone: self = .gone(nil)
        case .running, .moved, .ready, .drained: self = .running(since: revision)
        }
    }
}
