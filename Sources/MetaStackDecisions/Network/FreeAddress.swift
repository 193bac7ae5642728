import MetaStackModel

/// The choice of an address that nobody has.
enum FreeAddress {
    /// The first free one from a place on that the VM and its NIC give: so that nodes which choose
    /// at the same time for different VMs seldom choose the same, and that a VM which is made again
    /// often gets what it had.
    ///
    /// - Returns: nil where all are held.
    static func first(
        in ranges: [IPRange], for vm: VMID, nic: Int, isHeld: (IPAddress) -> Bool
    ) -> IPAddress? {
        let count = count(of: ranges)
        guard count > 0 else { return nil }
        var hash = StableHash()
        hash.combine(vm.text)
        hash.combine(Int64(nic))
        var place = UInt128(hash.finalize()) % count
        // As many looks as addresses are held, and one.
        for _ in 0..<count {
            if let address = address(at: place, in: ranges), !isHeld(address) { return address }
            place = place + 1 == count ? 0 : place + 1
        }
        return nil
    }

    static func count(of ranges: [IPRange]) -> UInt128 { ranges.reduce(0) { $0 + $1.count } }

    private static func address(at place: UInt128, in ranges: [IPRange]) -> IPAddress? {
        var left = place
        for range in ranges {
            if left < range.count { return range.first.advanced(by: left) }
            left -= range.count
        }
        return nil
    }
}
