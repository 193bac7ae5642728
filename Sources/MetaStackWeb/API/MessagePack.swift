import Foundation
import MetaStackModel

/// Writes JSON's values as MessagePack (the specification of 2013, with its str and bin families).
enum MessagePack {
    static func encode(_ value: JSONValue) -> [UInt8] {
        var bytes: [UInt8] = []
        append(value, to: &bytes)
        return bytes
    }

    private static func append(_ value: JSONValue, to bytes: inout [UInt8]) {
        switch value {
        case .null: bytes.append(0xc0)
        case .bool(let flag): bytes.append(flag ? 0xc3 : 0xc2)
        case .integer(let number): append(number, to: &bytes)
        case .number(let number):
            bytes.append(0xcb)
            append(number.bitPattern, to: &bytes)
        case .string(let text):
            let utf8 = Array(text.utf8)
            appendLength(utf8.count, short: (0xa0, 31), byte: 0xd9, wide: 0xda, to: &bytes)
            bytes += utf8
        case .array(let items):
            appendLength(items.count, short: (0x90, 15), byte: nil, wide: 0xdc, to: &bytes)
            for item in items { append(item, to: &bytes) }
        case .object(let fields):
            appendLength(fields.count, short: (0x80, 15), byte: nil, wide: 0xde, to: &bytes)
            for (name, item) in fields.sorted(by: { $0.key < $1.key }) {
                append(.string(name), to: &bytes)
                append(item, to: &bytes)
            }
        }
    }

    /// The shortest form for numbers that are small, else eight bytes.
    private static func append(_ number: Int64, to bytes: inout [UInt8]) {
        switch number {
        case 0...127: bytes.append(UInt8(number))
        case -32..<0: bytes.append(UInt8(bitPattern: Int8(number)))
        default:
            bytes.append(0xd3)
            append(UInt64(bitPattern: number), to: &bytes)
        }
    }

    /// - Parameters:
    ///   - short: the first byte of the short form, and up to how much it goes.
    ///   - byte: the mark of a length of one byte, where the family has one.
    ///   - wide: the mark of a length of two bytes; the next one is of four.
    private static func appendLength(
        _ length: Int, short: (mark: UInt8, most: Int), byte: UInt8?, wide: UInt8,
        to bytes: inout [UInt8]
    ) {
        if length <= short.most {
            bytes.append(short.mark | UInt8(length))
        } else if let byte, length <= Int(UInt8.max) {
            bytes += [byte, UInt8(length)]
        } else if length <= Int(UInt16.max) {
            bytes.append(wide)
            append(UInt16(length), to: &bytes)
        } else {
            bytes.append(wide + 1)
            append(UInt32(truncatingIfNeeded: length), to: &bytes)
        }
    }

    private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.bigEndian) { bytes += $0 }
    }
}
