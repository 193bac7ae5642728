import MetaStackModel

/// One takeover with the time that each of its steps took.
struct TakeoverTimeline: Sendable {
    let takeover: Takeover

    private var steps: [(name: String, at: Timestamp?)] {
        [
            ("last_proven", takeover.lastProven), ("expired", takeover.expired),
            ("claimed", takeover.claimed), ("evicted", takeover.evicted),
            ("started", takeover.started),
        ]
    }

    /// From the last proof of the former owner to the guest's going on.
    var total: Milliseconds? {
        guard let first = takeover.lastProven, let last = takeover.started else { return nil }
        return Milliseconds(from: first, to: last)
    }

    /// How long each step took since the last one before it that is known; nil where either is not.
    var durations: [(name: String, time: Milliseconds?)] {
        var known = takeover.lastProven
        return steps.dropFirst().map { name, at in
            guard let at else { return (name, nil) }
            defer { known = at }
            return (name, known.map { Milliseconds(from: $0, to: at) })
        }
    }

    /// A row of the table: the first known moment as it is, the later ones as what was added.
    var cells: [String?] {
        var cells: [String?] = [
            takeover.from.text, takeover.to.text, takeover.lastProven?.description,
        ]
        for ((_, at), (_, time)) in zip(steps.dropFirst(), durations) {
            cells.append(time.map { "+\($0)" } ?? at?.description)
        }
        return cells + [total?.description]
    }

    /// For programs: the record, and the durations in milliseconds beside it.
    func document() throws -> JSONValue {
        var times = Dictionary(
            uniqueKeysWithValues: durations.map { ($0.name, $0.time.document) })
        times["total"] = total.document
        return try JSONValue(takeover).adding(["durations_ms": .object(times)])
    }
}

/// A time between two moments of one clock.
struct Milliseconds: Sendable, Equatable, CustomStringConvertible {
    let count: Int64

    init(from start: Timestamp, to end: Timestamp) {
        count = end.milliseconds - start.milliseconds
    }

    /// `12 ms` below a second, else `4.07 s`.
    var description: String {
        guard abs(count) >= 1000 else { return "\(count) ms" }
        let hundredths = (abs(count) + 5) / 10
        let fraction = String(100 + hundredths % 100).dropFirst()
        return "\(count < 0 ? "-" : "")\(hundredths / 100).\(fraction) s"
    }
}

extension Milliseconds? {
    fileprivate var document: JSONValue { map { .integer($0.count) } ?? .null }
}
