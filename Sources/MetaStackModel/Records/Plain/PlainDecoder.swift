/// Decodes what ``PlainJSON`` has read.
///
/// It knows what records are made of and no more; all else ends in ``PlainJSON/Unplain``, after
/// which Foundation decodes the record, or says what is wrong with it.
struct PlainDecoder: Decoder {
    enum Source {
        case fields(PlainJSON.Fields)
        case value(JSONValue)
    }

    let source: Source
    // Nobody is told a path: errors come from Foundation.
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    /// The fields of an object.
    ///
    /// - Throws: ``PlainJSON/Unplain`` where it is none.
    func fields() throws -> PlainJSON.Fields {
        switch source {
        case .fields(let fields): return fields
        case .value(.object(let fields)): return fields.map { ($0.key, $0.value) }
        case .value: throw PlainJSON.Unplain()
        }
    }

    static func decode<Value: Decodable>(_ type: Value.Type, from value: JSONValue) throws -> Value
    {
        if type == [String: String].self {
            guard case .object(let fields) = value,
                let texts = try fields.mapValues({ try $0.plainText }) as? Value
            else { throw PlainJSON.Unplain() }
            return texts
        }
        if type == JSONValue.self, let value = value as? Value { return value }
        return try Value(from: PlainDecoder(source: .value(value)))
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        guard case .value(let value) = source else { throw PlainJSON.Unplain() }
        return PlainValue(value: value)
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .value(.array(let elements)) = source else { throw PlainJSON.Unplain() }
        return PlainElements(elements: elements)
    }

    func container<Key: CodingKey>(keyedBy: Key.Type) throws -> KeyedDecodingContainer<Key> {
        throw PlainJSON.Unplain()
    }
}

extension JSONValue {
    /// - Throws: ``PlainJSON/Unplain`` where it is no text.
    fileprivate var plainText: String {
        get throws {
            guard case .string(let text) = self else { throw PlainJSON.Unplain() }
            return text
        }
    }

    fileprivate func plainInteger<Integer: FixedWidthInteger>() throws -> Integer {
        guard case .integer(let number) = self, let exact = Integer(exactly: number) else {
            throw PlainJSON.Unplain()
        }
        return exact
    }
}

/// One value by itself.
private struct PlainValue: SingleValueDecodingContainer {
    let value: JSONValue
    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool { value == .null }

    func decode(_ type: Bool.Type) throws -> Bool {
        guard case .bool(let flag) = value else { throw PlainJSON.Unplain() }
        return flag
    }

    func decode(_ type: String.Type) throws -> String { try value.plainText }

    /// A whole number is a number, too.
    func decode(_ type: Double.Type) throws -> Double {
        let number: Int32 = try value.plainInteger()
        return Double(number)
    }

    func decode(_ type: Float.Type) throws -> Float { throw PlainJSON.Unplain() }
    func decode(_ type: Int.Type) throws -> Int { try value.plainInteger() }
    func decode(_ type: Int8.Type) throws -> Int8 { try value.plainInteger() }
    func decode(_ type: Int16.Type) throws -> Int16 { try value.plainInteger() }
    func decode(_ type: Int32.Type) throws -> Int32 { try value.plainInteger() }
    func decode(_ type: Int64.Type) throws -> Int64 { try value.plainInteger() }
    func decode(_ type: UInt.Type) throws -> UInt { try value.plainInteger() }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try value.plainInteger() }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try value.plainInteger() }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try value.plainInteger() }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try value.plainInteger() }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try PlainDecoder.decode(type, from: value)
    }
}

/// A list's elements, one after the other.
private struct PlainElements: UnkeyedDecodingContainer {
    let elements: [JSONValue]
    var currentIndex = 0
    var codingPath: [any CodingKey] { [] }
    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }

    init(elements: [JSONValue]) { self.elements = elements }

    private mutating func next() throws -> PlainValue {
        guard !isAtEnd else { throw PlainJSON.Unplain() }
        defer { currentIndex += 1 }
        return PlainValue(value: elements[currentIndex])
    }

    mutating func decodeNil() throws -> Bool {
        guard !isAtEnd, elements[currentIndex] == .null else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode(_ type: Bool.Type) throws -> Bool { try next().decode(type) }
    mutating func decode(_ type: String.Type) throws -> String { try next().decode(type) }
    mutating func decode(_ type: Double.Type) throws -> Double { try next().decode(type) }
    mutating func decode(_ type: Float.Type) throws -> Float { try next().decode(type) }
    mutating func decode(_ type: Int.Type) throws -> Int { try next().decode(type) }
    mutating func decode(_ type: Int8.Type) throws -> Int8 { try next().decode(type) }
    mutating func decode(_ type: Int16.Type) throws -> Int16 { try next().decode(type) }
    mutating func decode(_ type: Int32.Type) throws -> Int32 { try next().decode(type) }
    mutating func decode(_ type: Int64.Type) throws -> Int64 { try next().decode(type) }
    mutating func decode(_ type: UInt.Type) throws -> UInt { try next().decode(type) }
    mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try next().decode(type) }
    mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try next().decode(type) }
    mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try next().decode(type) }
    mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try next().decode(type) }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try next().decode(type)
    }

    mutating func nestedContainer<Key: CodingKey>(
        keyedBy: Key.Type
    ) throws -> KeyedDecodingContainer<Key> { throw PlainJSON.Unplain() }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        throw PlainJSON.Unplain()
    }

    mutating func superDecoder() throws -> any Decoder { throw PlainJSON.Unplain() }
}
