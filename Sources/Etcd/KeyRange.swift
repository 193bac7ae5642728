/// Which keys a call is about: one, those with a prefix, or those between two.
public struct KeyRange: Hashable, Sendable, CustomStringConvertible {
    /// Where the range ends. etcd writes this as the field `range_end`.
    enum End: Hashable {
        case justTheFirst
        case before(Key)
        case unbounded
    }

    /// The smallest key in the range.
    let first: Key
    let end: End

    /// etcd takes no empty key, so the smallest one is a zero byte, and that byte as `range_end`
    /// stands for "no end".
    private static let zero = Key(bytes: [0])

    private init(first: Key, end: End) {
        self.first = first
        self.end = end
    }

    /// This key alone.
    public static func key(_ key: Key) -> KeyRange {
        KeyRange(first: key, end: .justTheFirst)
    }

    /// Every key whose bytes begin with `prefix`; the empty prefix is every key.
    public static func prefix(_ prefix: Key) -> KeyRange {
        guard !prefix.bytes.isEmpty else { return all }
        return KeyRange(first: prefix, end: end(ofPrefix: prefix.bytes))
    }

    /// Everything below `key`, whatever the depth: the prefix `key` and `/`.
    public static func children(of key: Key) -> KeyRange {
        prefix(key.appending(""))
    }

    /// From `first` on, up to but without `end`; empty where `end` is not behind `first`.
    public static func from(_ first: Key, to end: Key) -> KeyRange {
        let first = first.bytes.isEmpty ? zero : first
        return KeyRange(first: first, end: .before(end <= first ? first : end))
    }

    /// Every key there is.
    public static let all = KeyRange(first: zero, end: .unbounded)

    /// The first key behind all that have the prefix: its last byte below 0xff plus one, what
    /// follows cut off. Bytes of 0xff alone have no such key.
    private static func end(ofPrefix bytes: [UInt8]) -> End {
        guard let index = bytes.lastIndex(where: { $0 < 0xff }) else { return .unbounded }
        return .before(Key(bytes: Array(bytes[..<index]) + [bytes[index] + 1]))
    }

    /// Whether the key is in the range.
    public func contains(_ key: Key) -> Bool {
        switch end {
        case .justTheFirst: key == first
        case .before(let end): first <= key && key < end
        case .unbounded: first <= key
        }
    }

    public var description: String {
        switch end {
        case .justTheFirst: "\(first)"
        case .before(let end): "\(first) to \(end)"
        case .unbounded: first == Self.zero ? "all keys" : "\(first) and behind"
        }
    }

    /// What is left of the range from `key` on: the next page.
    func starting(at key: Key) -> KeyRange {
        KeyRange(first: key, end: end)
    }

    /// The field `range_end`; nil leaves it out, which means one key.
    var wireEnd: Key? {
        switch end {
        case .justTheFirst: nil
        case .before(let end): end
        case .unbounded: Self.zero
        }
    }
}
