public import MetaStackModel

/// Where guests find their host's services: on every host, in every network.
public enum ServiceAddresses {
    /// Of the metadata (EC2's, and so everybody's).
    public static let ipv4 = IPAddress(.ipv4, 0xa9fe_a9fe)
    /// The same with IPv6: `fe80::a9fe:a9fe`, as OpenStack has it.
    public static let ipv6 = IPAddress(.ipv6, 0xfe80 << 112 | 0xa9fe_a9fe)

    /// The host's end of the way to a network's gateway.
    static let host = IPAddress(.ipv6, 0xfe80 << 112 | 1)
    /// The gateway's end of it.
    static let router = IPAddress(.ipv6, 0xfe80 << 112 | 2)

    /// The link-local address that belongs to a MAC (RFC 4291, appendix A).
    static func linkLocal(_ mac: MACAddress) -> IPAddress {
        let bits = UInt128(mac.bits)
        let identifier = (bits >> 24 ^ 0x02_0000) << 40 | 0xfffe << 24 | bits & 0xff_ffff
        return IPAddress(.ipv6, 0xfe80 << 112 | identifier)
    }
}
