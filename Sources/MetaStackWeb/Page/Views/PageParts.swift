import MetaStackManagement
import MetaStackModel

/// How good a state is, for its colour and its sign. The word beside them says the same.
enum Tone: String, Sendable {
    case good, busy, bad, off
}

/// A state as pages show it. The names of these types' properties are those of the templates.
struct StateView: Sendable, Equatable {
    let word: String
    let tone: String

    init(_ word: String, _ tone: Tone) {
        self.word = word
        self.tone = tone.rawValue
    }

    init(_ word: VMStatus.Word) {
        let tone: Tone =
            switch word {
            case .running: .good
            case .claimed, .starting, .migrating, .suspended, .stopping, .deleting: .busy
            case .pending, .paused, .failed, .malformed: .bad
            case .stopped: .off
            }
        self.init(word.rawValue, tone)
    }

    init(_ status: HostStatus) {
        let tone: Tone =
            switch status {
            case .ready: .good
            case .maintenance: .busy
            case .troubled, .malformed: .bad
            case .absent: .off
            }
        self.init(status.rawValue, tone)
    }

    /// With the progress of an import where it is known.
    init(_ status: ImageStatus) {
        let tone: Tone =
            switch status.word {
            case .ready: .good
            case .pending, .importing, .deleting: .busy
            case .failed, .malformed: .bad
            }
        self.init(status.text, tone)
    }
}

/// A moment: for programs as it is, for people as how long ago.
struct MomentView: Sendable, Equatable {
    let iso: String
    let age: String

    /// nil for a moment that nobody noted.
    init?(_ moment: Timestamp?, at now: Timestamp) {
        guard let moment, let age = moment.age(at: now) else { return nil }
        iso = moment.description
        self.age = age
    }
}

struct LinkView: Sendable, Equatable {
    let href: String
    let text: String

    static func vm(_ word: String, _ text: String? = nil) -> LinkView {
        LinkView(href: "/vms/\(word.pathSegment)", text: (text ?? word).printable)
    }

    static func host(_ id: HostID) -> LinkView {
        LinkView(href: "/hosts/\(id.text.pathSegment)", text: id.text.printable)
    }
}

/// How full something is.
struct MeterView: Sendable, Equatable {
    let amount: Int
    let most: Int
    /// What it is, for those who do not see the bar.
    let label: String
}
