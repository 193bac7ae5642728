import FoundationEssentials

/// Reads a watch's lines that look as etcd's gateway writes them: the fields that it is known to
/// write, text without escapes, whole numbers in quotation marks.
///
/// All else is left to Foundation's decoder, by an error that says no more than that. It takes a
/// tenth of the time, and every node of a cluster reads every change.
struct PlainWatchLine {
    /// Not plain: read it otherwise.
    private struct Unplain: Error {}

    private let bytes: UnsafeRawBufferPointer
    private var place = 0

    private init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// nil where the line is not plain, or wrong in any way.
    static func result(of line: Data) -> WireWatchResult? {
        line.withUnsafeBytes { bytes in
            var reader = PlainWatchLine(bytes)
            return try? reader.line()  // As it says.
        }
    }

    // MARK: What a line holds

    private mutating func line() throws(Unplain) -> WireWatchResult {
        var result: WireWatchResult?
        try object { (reader, name) throws(Unplain) in
            guard name == "result" else { throw Unplain() }
            result = try reader.result()
        }
        guard let result, place == bytes.count else { throw Unplain() }
        return result
    }

    private mutating func result() throws(Unplain) -> WireWatchResult {
        var result = WireWatchResult()
        try object { (reader, name) throws(Unplain) in
            switch name {
            case "header": result.header = try reader.header()
            case "created": result.created = try reader.yes()
            case "events": result.events = try reader.events()
            default: throw Unplain()
            }
        }
        return result
    }

    private mutating func header() throws(Unplain) -> WireHeader {
        var header = WireHeader()
        try object { (reader, name) throws(Unplain) in
            switch name {
            case "cluster_id": header.cluster_id = WireUInt64(try reader.number())
            case "member_id": header.member_id = WireUInt64(try reader.number())
            case "revision": header.revision = WireInt64(try reader.number())
            case "raft_term": header.raft_term = WireUInt64(try reader.number())
            default: throw Unplain()
            }
        }
        return header
    }

    private mutating func events() throws(Unplain) -> [WireWatchResult.Event] {
        var events: [WireWatchResult.Event] = []
        try expect("[")
        repeat { events.append(try event()) } while try isFollowed(by: "]")
        return events
    }

    private mutating func event() throws(Unplain) -> WireWatchResult.Event {
        var event = WireWatchResult.Event()
        try object { (reader, name) throws(Unplain) in
            switch name {
            case "type": event.type = String(decoding: try reader.text(), as: UTF8.self)
            case "kv": event.kv = WireKeyValue(keyValue: try reader.keyValue())
            case "prev_kv": event.prev_kv = WireKeyValue(keyValue: try reader.keyValue())
            default: throw Unplain()
            }
        }
        return event
    }

    private mutating func keyValue() throws(Unplain) -> KeyValue {
        var result = KeyValue(
            key: Key(bytes: []), value: Data(), createRevision: Revision(rawValue: 0),
            modRevision: Revision(rawValue: 0), version: 0)
        try object { (reader, name) throws(Unplain) in
            switch name {
            case "key": result.key = Key(try reader.data())
            case "value": result.value = try reader.data()
            case "create_revision": result.createRevision = Revision(rawValue: try reader.number())
            case "mod_revision": result.modRevision = Revision(rawValue: try reader.number())
            case "version": result.version = try reader.number()
            case "lease":
                let lease: Int64 = try reader.number()
                result.lease = lease == 0 ? nil : LeaseID(rawValue: lease)
            default: throw Unplain()
            }
        }
        return result
    }

    // MARK: JSON

    /// An object with one field at least.
    private mutating func object(
        _ field: (inout Self, String) throws(Unplain) -> Void
    ) throws(Unplain) {
        try expect("{")
        repeat {
            let name = String(decoding: try text(), as: UTF8.self)
            try expect(":")
            try field(&self, name)
        } while try isFollowed(by: "}")
    }

    /// Whether a comma comes; else the list or object is over.
    private mutating func isFollowed(by end: StaticString) throws(Unplain) -> Bool {
        guard place < bytes.count else { throw Unplain() }
        if bytes[place] == UInt8(ascii: ",") {
            place += 1
            return true
        }
        try expect(end)
        return false
    }

    private mutating func expect(_ word: StaticString) throws(Unplain) {
        for offset in 0..<word.utf8CodeUnitCount {
            guard place < bytes.count, bytes[place] == word.utf8Start[offset] else {
                throw Unplain()
            }
            place += 1
        }
    }

    private mutating func yes() throws(Unplain) -> Bool {
        try expect("true")
        return true
    }

    /// What stands between two quotation marks.
    private mutating func text() throws(Unplain) -> Slice<UnsafeRawBufferPointer> {
        try expect("\"")
        let start = place
        while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
            guard (0x20..<0x7f).contains(bytes[place]), bytes[place] != UInt8(ascii: "\\") else {
                throw Unplain()
            }
            place += 1
        }
        let end = place
        try expect("\"")
        return bytes[start..<end]
    }

    private mutating func number<Number: FixedWidthInteger>() throws(Unplain) -> Number {
        guard let number = Number(String(decoding: try text(), as: UTF8.self)) else {
            throw Unplain()
        }
        return number
    }

    private mutating func data() throws(Unplain) -> Data {
        guard let data = Data(base64Encoded: Data(try text())) else { throw Unplain() }
        return data
    }
}
