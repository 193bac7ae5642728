/// A 64-bit hash that is the same on every node, in every run and version.
///
/// Swift's own hash changes with every process; here nodes must come to the same answer apart
/// from each other. FNV-1a (RFC 9923) over the bytes, with a final mix so that names that differ in
/// one digit spread over the whole range.
public struct StableHash: Sendable {
    private var state: UInt64 = 0xcbf2_9ce4_8422_2325

    public init() {}

    /// Adds a text and a separator, so that `a`, `bc` and `ab`, `c` differ.
    public mutating func combine(_ text: String) {
        for byte in text.utf8 { add(byte) }
        add(0xff)
    }

    /// Adds a number, as eight bytes, least first.
    public mutating func combine(_ number: Int64) {
        for shift in stride(from: 0, to: 64, by: 8) {
            add(UInt8(truncatingIfNeeded: number >> Int64(shift)))
        }
    }

    private mutating func add(_ byte: UInt8) {
        state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
    }

    /// The hash of all that was added.
    public func finalize() -> UInt64 {
        var mixed = state
        mixed = (mixed ^ (mixed >> 33)) &* 0xff51_afd7_ed55_8ccd
        mixed = (mixed ^ (mixed >> 33)) &* 0xc4ce_b9fe_1a85_ec53
        return mixed ^ (mixed >> 33)
    }
}
