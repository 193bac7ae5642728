/// What the rules write on packets: two bits of the kernel's mark.
///
/// Each frame that comes to a bridge loses both first. They mean nothing to whoever else looks at
/// marks on this host, as long as that one looks at other bits.
enum Marks {
    /// It came from a guest of this host.
    private static let guest = "0x10000000"
    /// It belongs to a connection that was allowed.
    private static let established = "0x20000000"
    private static let neither = "0xcfffffff"

    static let clear = "meta mark set meta mark and \(neither)"
    static let setGuest = "meta mark set meta mark or \(guest)"
    static let isGuest = "meta mark and \(guest) == \(guest)"
    static let setEstablished =
        "ct state established,related meta mark set meta mark or \(established)"
    private static let isEstablished = "meta mark and \(established) == \(established)"

    /// Matches what belongs to a connection that was allowed, in the bridge's rules.
    static func isEstablished(_ tracking: KernelOffer.Tracking) -> String {
        switch tracking {
        case .bridge: "ct state established,related"
        case .marks: isEstablished
        }
    }
}
