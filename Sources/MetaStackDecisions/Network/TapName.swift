public import MetaStackModel

extension InterfaceName {
    /// The host's end of a VM's NIC: the same on every host, so that it goes with a guest that moves.
    ///
    /// `mt`, the last five octets of the VM's derived MAC addresses, `n` and the NIC's place: so
    /// `mt3fa94c0d12n1` is the second NIC of the VM whose first one has the address
    /// `02:3f:a9:4c:0d:12` where its record names none. At most 15 characters.
    public static func tap(of vm: VMID, nic: Int) -> InterfaceName {
        let hash = MACAddress(vm: vm, nic: 0).bits & 0xff_ffff_ffff
        let digits = String(hash, radix: 16)
        let text = tapPrefix + String(repeating: "0", count: 10 - digits.count) + digits + "n\(nic)"
        guard let name = try? InterfaceName(text) else {  // Letters and digits, and short enough.
            preconditionFailure("a VM has at most 64 NICs")
        }
        return name
    }

    /// How many NICs of one VM have names.
    public static let mostTaps = 64

    /// What the host's ends of all guests' NICs begin with.
    public static let tapPrefix = "mt"
}
