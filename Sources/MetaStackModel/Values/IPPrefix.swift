/// A network's addresses by their common beginning, such as `10.7.0.0/24` or `2001:db8::/64`.
public struct IPPrefix: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    /// Its first address.
    public let address: IPAddress
    /// How many bits all of its addresses share.
    public let length: Int

    /// - Throws: `ValidationError` for a length that there is not, and where bits behind it are set.
    public init(_ address: IPAddress, length: Int) throws(ValidationError) {
        let text = "\(address)/\(length)"
        guard (0...address.family.bits).contains(length) else {
            throw ValidationError(
                subject: "prefix", found: text,
                problem: "its length must be between 0 and \(address.family.bits)")
        }
        let first = IPAddress(
            address.family, address.number & ~Self.hostMask(address.family, length))
        guard first == address else {
            throw ValidationError(
                subject: "prefix", found: text,
                problem: "bits behind its length are set, did you mean \(first)/\(length)?")
        }
        self.address = address
        self.length = length
    }

    /// Reads `address/length`.
    ///
    /// - Throws: `ValidationError` that says what was meant.
    public init(_ text: String) throws(ValidationError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let length = Int(parts[1]), parts[1].utf8.allSatisfy(Self.isDigit)
        else {
            throw ValidationError(
                subject: "prefix", found: text,
                problem: "write it like 10.7.0.0/24 or 2001:db8::/64")
        }
        let address: IPAddress
        do throws(ValidationError) {
            address = try IPAddress(String(parts[0]))
        } catch {
            throw ValidationError(
                subject: "prefix", found: text, problem: error.description)
        }
        try self.init(address, length: length)
    }

    /// From a first address and a length that are known to fit.
    init(unchecked first: IPAddress, length: Int) {
        assert(first.number & Self.hostMask(first.family, length) == 0)
        address = first
        self.length = length
    }

    /// The one address by itself: `/32` or `/128`.
    public init(only address: IPAddress) {
        self.address = address
        length = address.family.bits
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func hostMask(_ family: IPAddress.Family, _ length: Int) -> UInt128 {
        let hostBits = family.bits - length
        return hostBits == 128 ? .max : (UInt128(1) << UInt128(hostBits)) - 1
    }

    public var family: IPAddress.Family { address.family }

    /// Its first address: the network's own with IPv4, the routers' anycast address with IPv6.
    public var first: IPAddress { address }

    /// Its last address: the broadcast address with IPv4.
    public var last: IPAddress {
        IPAddress(family, address.number | Self.hostMask(family, length))
    }

    /// As IPv4 writes a prefix's length, such as `255.255.255.0`; an IPv6 address for IPv6.
    public var netmask: IPAddress {
        IPAddress(family, ~Self.hostMask(family, length))
    }

    public func contains(_ address: IPAddress) -> Bool {
        address.family == family && (first...last).contains(address)
    }

    public func contains(_ other: IPPrefix) -> Bool {
        length <= other.length && contains(other.address)
    }

    public func overlaps(_ other: IPPrefix) -> Bool { contains(other) || other.contains(self) }

    public var description: String { "\(address)/\(length)" }

    public static func < (left: Self, right: Self) -> Bool {
        (left.address, left.length) < (right.address, right.length)
    }

    public init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
