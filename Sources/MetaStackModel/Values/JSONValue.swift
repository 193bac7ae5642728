/// Any JSON value: what a record holds beyond the fields that this version knows.
///
/// Unknown fields are kept and written back, so that an older node does not strip what a newer
/// management wrote.
public enum JSONValue: Hashable, Sendable, Codable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {  // The next kind is tried.
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {  // The next kind is tried.
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {  // The next kind is tried.
            self = .number(value)
        } else if let value = try? container.decode(String.self) {  // The next kind is tried.
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {  // The next kind is tried.
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}
