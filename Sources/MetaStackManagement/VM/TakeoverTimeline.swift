package import MetaStackModel

/// One takeover with the time that each of its steps took.
package struct TakeoverTimeline: Sendable {
    package let takeover: Takeover

    private var steps: [(name: String, at: Timestamp?)] {
        [
            ("last_proven", takeover.lastProven), ("expired", takeover.expired),
            ("claimed", takeover.claimed), ("evicted", takeover.evicted),
            ("started", takeover.started),
        ]
    }

    /// From the last proof of the former owner to the guest's going on.
    package var total: Milliseconds? {
        guard let first = takeover.lastProven, let last = takeover.started else { return nil }
        return Milliseconds(from: first, to: last)
    }

    /// How long each step took since the last one before it that is known; nil where either is not.
    package var durations: [(name: String, time: Milliseconds?)] {
        var known = takeover.lastProven
        return steps.dropFirst().map { name, at in
            guard let at else { return (name, nil) }
            defer { known = at }
            return (name, known.map { Milliseconds(from: $0, to: at) })
        }
    }

    /// Of the table of takeovers.
    package static let headings = [
        "FROM", "TO", "LAST PROVEN", "EXPIRED", "CLAIMED", "EVICTED", "STARTED", "TOTAL",
    ]

    /// A row of the table: the first known moment as it is, the later ones as what was added.
    package var cells: [String?] {
        var cells: [String?] = [
            takeover.from.text, takeover.to.text, takeover.lastProven?.description,
        ]
        for ((_, at), (_, time)) in zip(steps.dropFirst(), durations) {
            cells.append(time.map { "+\($0)" } ?? at?.description)
        }
        return cells + [total?.description]
    }

    /// For programs: the record, and the durations in milliseconds beside it.
    package func document() throws -> JSONValue {
        var times = Dictionary(
            uniqueKeysWithValues: durations.map { ($0.name, $0.time.document) })
        times["total"] = total.document
        return try JSONValue(takeover).adding(["durations_ms": .object(times)])
    }
}

/// A time between two moments of one clock.
package struct Milliseconds: Sendable, Equatable, CustomStringConvertible {
    package let count: Int64

    package init(from start: Timestamp, to end: Timestamp) {
        count = end.milliseconds - start.milliseconds
    }

    /// `12 ms` below a second, else `4.07 s`.
    package var description: String {
        guard abs(count) >= 1000 else { return "\(count) ms" }
        let hundredths = (abs(count) + 5) / 10
        let fraction = String(100 + hundredths % 100).dropFirst()
        return "\(count < 0 ? "-" : "")\(hundredths / 100).\(fraction) s"
    }
}

extension Milliseconds? {
    fileprivate var document: JSONValue { map { .integer($0.count) } ?? .null }
}
