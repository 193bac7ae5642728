import ArgumentParser
import Foundation
import MetaStackManagement
import MetaStackModel

/// Which events to show.
struct EventOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Only of this VM; of one that is gone as well.", valueName: "name"),
        completion: .names(.vm))
    var vm: String?

    @Option(
        help: ArgumentHelp("Only where this host had a part.", valueName: "name"),
        completion: .names(.host))
    var host: String?

    /// - Parameter events: what there was, where it is known.
    /// - Throws: `CommandFailure` where there is no such VM or host.
    func filter(in cluster: Cluster, and events: [ClusterEvent] = []) throws -> EventFilter {
        try EventFilter(vm: vm, host: host, in: cluster, and: events)
    }
}

/// Since when.
enum EventStart: Sendable, Equatable {
    case ago(Duration)
    case at(Timestamp)

    /// Reads `90m`, `2d` or `2026-11-21T10:00:00Z`.
    ///
    /// - Throws: `ValidationError`.
    init(_ text: String) throws {
        if let moment = Timestamp(text) {
            self = .at(moment)
        } else if let days = text.hasSuffix("d") ? Int(text.dropLast()) : nil,
            (1...36_500).contains(days)
        {
            self = .ago(.seconds(days * 86_400))
        } else {
            do {
                self = .ago(try WaitOptions.timeout(text))
            } catch {
                throw ArgumentParser.ValidationError(
                    "\(text.quotedForPeople) is no time: write 90m, 2d or 2026-11-21T10:00:00Z")
            }
        }
    }

    func moment(before now: Timestamp) -> Timestamp {
        switch self {
        case .at(let moment): moment
        case .ago(let time):
            Timestamp(milliseconds: now.milliseconds - time.components.seconds * 1000)
        }
    }
}
