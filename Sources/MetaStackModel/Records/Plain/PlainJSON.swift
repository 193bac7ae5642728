import Foundation

/// Reads JSON that is as plain as records nearly always are: ASCII, no escapes, whole numbers.
///
/// All else is left to Foundation's decoder, by an error that says no more than that. So whatever
/// is read here, Foundation would have read alike; it takes a fifth of the time, and a list of
/// 10,000 VMs has 40,000 records.
struct PlainJSON {
    /// Not plain: read it otherwise.
    struct Unplain: Error {}

    /// An object's fields in the order in which they stand.
    typealias Fields = [(name: String, value: JSONValue)]

    private static let mostLevels = 16
    /// So that no whole number can be too large for 64 bits.
    private static let mostDigits = 18

    private let bytes: UnsafeRawBufferPointer
    private var place = 0

    private init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The fields of an object that is all there is in the data.
    ///
    /// - Throws: ``Unplain``.
    static func fields(of json: Data) throws(Unplain) -> Fields {
        let result = json.withUnsafeBytes { bytes -> Result<Fields, Unplain> in
            var reader = PlainJSON(bytes)
            do throws(Unplain) {
                reader.skipBlanks()
                let fields = try reader.object(level: 0)
                reader.skipBlanks()
                guard reader.place == bytes.count else { throw Unplain() }
                return .success(fields)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private mutating func skipBlanks() {
        while place < bytes.count {
            switch bytes[place] {
            case 0x20, 0x0a, 0x0d, 0x09: place += 1
            default: return
            }
        }
    }

    private mutating func next() throws(Unplain) -> UInt8 {
        guard place < bytes.count else { throw Unplain() }
        defer { place += 1 }
        return bytes[place]
    }

    private mutating func expect(_ word: StaticString) throws(Unplain) {
        for offset in 0..<word.utf8CodeUnitCount {
            guard try next() == word.utf8Start[offset] else { throw Unplain() }
        }
    }

    private mutating func object(level: Int) throws(Unplain) -> Fields {
        try expect("{")
        var fields: Fields = []
        skipBlanks()
        if place < bytes.count, bytes[place] == UInt8(ascii: "}") {
            place += 1
            return fields
        }
        while true {
            skipBlanks()
            try expect("\"")
            let name = try text()
            // Of two fields with one name Foundation takes one of its own choice.
            guard !fields.contains(where: { $0.name == name }) else { throw Unplain() }
            skipBlanks()
            try expect(":")
            fields.append((name, try value(level: level)))
            skipBlanks()
            switch try next() {
            case UInt8(ascii: ","): continue
            case UInt8(ascii: "}"): return fields
            default: throw Unplain()
            }
        }
    }

    private mutating func array(level: Int) throws(Unplain) -> [JSONValue] {
        try expect("[")
        var elements: [JSONValue] = []
        skipBlanks()
        if place < bytes.count, bytes[place] == UInt8(ascii: "]") {
            place += 1
            return elements
        }
        while true {
            elements.append(try value(level: level))
            skipBlanks()
            switch try next() {
            case UInt8(ascii: ","): continue
            case UInt8(ascii: "]"): return elements
            default: throw Unplain()
            }
        }
    }

    private mutating func value(level: Int) throws(Unplain) -> JSONValue {
        skipBlanks()
        guard place < bytes.count, level < Self.mostLevels else { throw Unplain() }
        switch bytes[place] {
        case UInt8(ascii: "\""):
            place += 1
            return .string(try text())
        case UInt8(ascii: "{"):
            let fields = try object(level: level + 1)
            return .object(Dictionary(uniqueKeysWithValues: fields.map { ($0.name, $0.value) }))
        case UInt8(ascii: "["): return .array(try array(level: level + 1))
        case UInt8(ascii: "t"):
            try expect("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try expect("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try expect("null")
            return .null
        default: return .integer(try integer())
        }
    }

    /// What stands between here and the next quotation mark.
    private mutating func text() throws(Unplain) -> String {
        let start = place
        while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
            let byte = bytes[place]
            guard byte >= 0x20, byte < 0x7f, byte != UInt8(ascii: "\\") else { throw Unplain() }
            place += 1
        }
        guard place < bytes.count else { throw Unplain() }
        defer { place += 1 }
        return String(decoding: bytes[start..<place], as: UTF8.self)
    }

    /// A whole number; what comes behind it, such as a fraction, is nobody's and ends in an error.
    private mutating func integer() throws(Unplain) -> Int64 {
        let isNegative = bytes[place] == UInt8(ascii: "-")
        if isNegative { place += 1 }
        let start = place
        var number: Int64 = 0
        while place < bytes.count, (0x30...0x39).contains(bytes[place]) {
            number = number &* 10 &+ Int64(bytes[place] - 0x30)
            place += 1
        }
        let digits = place - start
        guard (1...Self.mostDigits).contains(digits), digits == 1 || bytes[start] != 0x30 else {
            throw Unplain()
        }
        return isNegative ? -number : number
    }
}
