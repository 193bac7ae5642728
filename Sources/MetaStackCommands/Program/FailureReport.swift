import ArgumentParser
import Etcd
import MetaStackManagement
import MetaStackModel

/// What is said on which stream, and the exit status, when a command ends early.
struct FailureReport: Sendable, Equatable {
    var status: CommandStatus
    /// Help and version, which were asked for; empty where there is nothing.
    var output = ""
    /// Without a newline at the end; empty where there is nothing.
    var errors = ""

    /// Puts any error into words; no type name of the program's own ever shows.
    init(_ error: any Error, parsing root: any ParsableCommand.Type) {
        switch error {
        case let failure as CommandFailure:
            self.init(failure.status, failure.description)
        case let error as EtcdError:
            self.init(Self.status(of: error.code), Self.words(for: error))
        case let error as ConfigurationError:
            self.init(.usage, error.description)
        case let error as MetaStackModel.ValidationError:
            self.init(.usage, error.description)
        case let error as UnresolvedReference:
            self.init(.notFound, error.description)
        case is CancellationError:
            self.init(.failed, "interrupted")
        default:
            self.init(parserError: error, root)
        }
    }

    private init(_ status: CommandStatus, _ text: String) {
        self.status = status
        errors = text.split(separator: "\n").map { "metastack: \($0)" }.joined(separator: "\n")
    }

    /// The parser's own errors, requests for help among them.
    private init(parserError error: any Error, _ root: any ParsableCommand.Type) {
        let text = root.fullMessage(for: error)
        guard !root.exitCode(for: error).isSuccess else {
            self.init(.done, "")
            output = text
            return
        }
        let isUsage = root.exitCode(for: error) == .validationFailure
        // The last line says which help to read; the usage between is in that help.
        let help = text.split(separator: "\n").last { $0.hasPrefix("  See ") }
        let advice = help.map { "; s" + $0.dropFirst(3) } ?? ""
        let words = root.message(for: error).split(separator: "\n").joined(separator: ", ")
        self.init(isUsage ? .usage : .failed, words.lowercasedFirst + advice)
    }

    private static func status(of code: EtcdError.Code) -> CommandStatus {
        switch code {
        case .unavailable, .deadlineExceeded, .tls, .malformedAnswer: .unreachable
        case .badConfiguration: .usage
        case .outcomeUnknown, .leaseNotFound, .leaseExists, .compacted, .futureRevision,
            .clusterChanged, .unauthenticated, .permissionDenied, .tooManyRequests,
            .requestTooLarge, .noSpace, .invalidRequest, .shutDown, .other:
            .failed
        }
    }

    private static func words(for error: EtcdError) -> String {
        let advice: String? =
            switch error.code {
            case .unavailable, .deadlineExceeded, .malformedAnswer:
                "check --endpoints and that etcd runs"
            case .outcomeUnknown: "the change may have happened, look before you try again"
            case .unauthenticated, .permissionDenied:
                "check etcd.username and etcd.password-file"
            case .tls: "check etcd.ca, etcd.cert and etcd.key"
            case .noSpace: "etcd's database is full, compact and defragment it"
            case .leaseNotFound, .leaseExists, .compacted, .futureRevision, .clusterChanged,
                .tooManyRequests, .requestTooLarge, .invalidRequest, .badConfiguration, .shutDown,
                .other:
                nil
            }
        let isAway = status(of: error.code) == .unreachable
        let what = (isAway ? "cannot reach etcd: " : "etcd refused: ") + error.description
        return advice.map { "\(what); \($0)" } ?? what
    }
}

extension String {
    /// The parser begins its sentences in upper case.
    fileprivate var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
