/// A 64-bit number in JSON: the gateway writes it as a string, since JavaScript would round it,
/// and leaves it out where it is zero. Both a string and a number are read.
struct WireNumber<Number: FixedWidthInteger & Codable & Sendable>: Codable, Sendable {
    var number: Number

    init(_ number: Number) {
        self.number = number
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let text = try? container.decode(String.self) else {
            // No string: then it is a number, or the error that says what else it is.
            number = try container.decode(Number.self)
            return
        }
        guard let number = Number(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "\(text) is no number")
        }
        self.number = number
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(String(number))
    }
}

typealias WireInt64 = WireNumber<Int64>
typealias WireUInt64 = WireNumber<UInt64>
