import FoundationEssentials

/// A key in etcd: any bytes, compared byte by byte as etcd does.
///
/// Keys are built with `appending`, never by joining strings, so that a separator is neither
/// forgotten nor doubled.
public struct Key: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let bytes: [UInt8]

    /// The string's UTF-8.
    public init(_ string: String) {
        bytes = Array(string.utf8)
    }

    public init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// This key, `/` and `component`. The component is taken as it is, a `/` in it included.
    public func appending(_ component: String) -> Key {
        Key(bytes: bytes + [UInt8(ascii: "/")] + Array(component.utf8))
    }

    /// The bytes as UTF-8, with U+FFFD for what is none.
    public var string: String { String(decoding: bytes, as: UTF8.self) }

    /// What stands behind the last `/`; the whole key where there is none.
    public var lastComponent: String {
        let start = bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
        return String(decoding: bytes[start...], as: UTF8.self)
    }

    public var description: String { string }

    public static func < (left: Key, right: Key) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }

    /// The first key after this one: the same bytes and a zero byte.
    var successor: Key { Key(bytes: bytes + [0]) }

    var data: Data { Data(bytes) }

    init(_ data: Data) {
        bytes = Array(data)
    }
}
