import Curl
import Foundation

/// Server-sent events out of a body (HTML Living Standard, 9.2). One task reads.
final class EventStream {
    struct Event: Equatable {
        /// `message` where the server gave none.
        var name = "message"
        var data = ""
    }

    private let pieces: CurlStream
    private var parser = EventParser()
    private var waiting: [Event] = []

    init(_ pieces: CurlStream) { self.pieces = pieces }

    /// nil at the stream's end.
    func next() async throws -> Event? {
        while waiting.isEmpty {
            guard let piece = try await pieces.next() else { return nil }
            waiting = parser.events(in: piece)
        }
        return waiting.removeFirst()
    }
}

/// Puts together events of bytes that are cut anywhere. Comments, ids and retry times are left out.
struct EventParser {
    private var line: [UInt8] = []
    private var name = ""
    private var data: [String] = []

    /// The events that these bytes complete. Lines end with LF, or with CR and LF.
    mutating func events(in bytes: some Sequence<UInt8>) -> [EventStream.Event] {
        var events: [EventStream.Event] = []
        for byte in bytes {
            guard byte == UInt8(ascii: "\n") else {
                line.append(byte)
                continue
            }
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            if let event = take(String(decoding: line, as: UTF8.self)) { events.append(event) }
            line.removeAll(keepingCapacity: true)
        }
        return events
    }

    /// The event that an empty line ends.
    private mutating func take(_ line: String) -> EventStream.Event? {
        guard !line.isEmpty else {
            defer { (name, data) = ("", []) }
            guard !data.isEmpty else { return nil }
            return EventStream.Event(
                name: name.isEmpty ? "message" : name, data: data.joined(separator: "\n"))
        }
        let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        var value = parts.count > 1 ? parts[1] : ""
        if value.hasPrefix(" ") { value.removeFirst() }
        switch parts[0] {
        case "event": name = String(value)
        case "data": data.append(String(value))
        default: break
        }
        return nil
    }
}
