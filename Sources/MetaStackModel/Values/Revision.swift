/// An etcd revision: it grows with every change of the whole store.
public struct Revision: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    /// etcd's number, from 1.
    public let number: Int64

    public init(_ number: Int64) { self.number = number }

    public static func < (left: Self, right: Self) -> Bool { left.number < right.number }

    public var description: String { "\(number)" }

    public init(from decoder: any Decoder) throws {
        number = try decoder.singleValueContainer().decode(Int64.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(number)
    }
}

/// The fencing number of a claim: the revision of the transaction that made it. A later owner of
/// the same VM always has a greater one.
public typealias Incarnation = Revision
