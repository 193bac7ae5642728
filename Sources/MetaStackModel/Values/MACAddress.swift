/// The hardware address of a guest's NIC (IEEE 802): 48 bits, locally administered, unicast.
public struct MACAddress: Hashable, Sendable, Codable, CustomStringConvertible {
    /// The address in the lower 48 bits.
    public let bits: UInt64

    /// The address of a VM's NIC: the same on every host and after every restart.
    ///
    /// 40 bits of the VM's hash and 6 bits that count its NICs, so that two NICs of one VM never
    /// collide. Two VMs can, one pair in 10^12; whoever would own the second one refuses it.
    ///
    /// - Parameter nic: from 0 to 63.
    public init(vm: VMID, nic: Int) {
        precondition((0..<64).contains(nic), "a VM has at most 64 NICs")
        var hash = StableHash()
        hash.combine(vm.text)
        let low = hash.finalize() & 0xff_ffff_ffff
        // The six free bits of the first octet; 0b10 is "locally administered, unicast".
        bits = (UInt64(nic) << 2 | 0b10) << 40 | low
    }

    public var description: String {
        (0..<6).map { octet in
            let value = UInt8(truncatingIfNeeded: bits >> UInt64(40 - 8 * octet))
            let digits = String(value, radix: 16)
            return value < 16 ? "0" + digits : digits
        }.joined(separator: ":")
    }

    /// Reads six octets in hexadecimal, with colons between them.
    ///
    /// - Throws: `ValidationError`.
    public init(_ text: String) throws(ValidationError) {
        let octets = text.split(separator: ":", omittingEmptySubsequences: false)
        let values = octets.compactMap { octet in
            octet.count == 2 && octet.allSatisfy(\.isHexDigit) ? UInt64(octet, radix: 16) : nil
        }
        guard octets.count == 6, values.count == 6 else {
            throw ValidationError(
                subject: "MAC address", found: text, problem: "write it like 02:00:5e:10:00:01")
        }
        bits = values.reduce(0) { $0 << 8 | $1 }
    }

    /// Whether one NIC can have it: neither a group's address nor all zeros.
    public var isUnicast: Bool { bits >> 40 & 1 == 0 && bits != 0 }

    public init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
