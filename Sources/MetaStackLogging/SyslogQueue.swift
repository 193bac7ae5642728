import Logging

/// What syslog gets of a record: one line of bounded length.
struct SyslogEntry: Sendable {
    /// The longest line in bytes. RFC 5424 asks receivers to take 2 KiB, and they take 8 by
    /// default; the rest is cut off.
    static let longestLine = 8000

    let time: LogTime
    /// The event's name, RFC 5424's `MSGID`.
    let event: String
    /// RFC 5424's `STRUCTURED-DATA`; it counts towards the longest line.
    let structuredData: String
    let line: String
    /// RFC 5424's `PRIVAL` in the facility `daemon` (3).
    let priority: Int
    /// The lost records that this entry tells of; 0 for an ordinary record.
    let tellsOf: Int

    init(_ record: LogRecord) {
        time = record.time
        event = record.event
        structuredData = record.structuredData
        priority = 3 * 8 + severity(of: record.level)
        tellsOf = 0
        let (full, limit) = (record.line, Self.longestLine - structuredData.utf8.count)
        line = full.utf8.count <= limit ? full : cut(full, to: limit)
    }

    /// Tells the server's reader of a gap.
    init(lost: Int) {
        let record = LogRecord(
            time: .now, level: .warning, label: "metastack.logging",
            message: "syslog records lost", metadata: ["count": "\(lost)"])
        time = record.time
        event = record.event
        structuredData = record.structuredData
        line = record.line
        priority = 3 * 8 + severity(of: record.level)
        tellsOf = lost
    }
}

/// Cuts between characters.
private func cut(_ line: String, to limit: Int) -> String {
    var bytes = line.utf8.prefix(limit)
    while let last = bytes.last, last & 0b1100_0000 == 0b1000_0000 { bytes.removeLast() }
    // The last one left begins a character whose end may be gone.
    return String(decoding: bytes.dropLast(), as: UTF8.self) + "…"
}

/// The records that wait for the server: at most `capacity`, later ones are lost and counted.
///
/// A gap is told where it is: behind the records that waited already, before those that came
/// later.
struct SyslogQueue: Sendable {
    /// The most entries that wait.
    let capacity: Int
    /// All records lost so far.
    private(set) var lost = 0
    private var untold = 0
    private var entries: [SyslogEntry] = []
    private var first = 0

    /// A queue of at least two entries: one may be the news of a gap.
    init(capacity: Int) { self.capacity = max(2, capacity) }

    /// A queue that has forgotten what waited, for nobody wants it any more.
    init(emptied queue: SyslogQueue) {
        capacity = queue.capacity
        lost = queue.lost
    }

    private var count: Int { entries.count - first }

    /// Appends an entry, or counts it as lost.
    mutating func append(_ entry: SyslogEntry) {
        let room = capacity - count
        guard room >= (untold > 0 ? 2 : 1) else { return lose(entry) }
        if untold > 0 { entries.append(takeNews()) }
        entries.append(entry)
    }

    /// Counts an entry that could not be delivered.
    mutating func lose(_ entry: SyslogEntry) {
        // Lost news of a gap tells of records that are counted already.
        if entry.tellsOf == 0 { lost += 1 }
        untold += max(1, entry.tellsOf)
    }

    /// The entry that waits longest.
    mutating func next() -> SyslogEntry? {
        guard count > 0 else { return untold > 0 ? takeNews() : nil }
        defer {
            first += 1
            if first * 2 > entries.count {
                entries.removeFirst(first)
                first = 0
            }
        }
        return entries[first]
    }

    private mutating func takeNews() -> SyslogEntry {
        defer { untold = 0 }
        return SyslogEntry(lost: untold)
    }
}
