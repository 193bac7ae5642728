import MetaStackModel

extension HostNetworks {
    /// Names that nftables, dnsmasq and Open vSwitch take without quotes, each once.
    func check() throws(NetworkPlaneError) {
        var known: Set<InterfaceName> = []
        for port in ports {
            guard port.interface.text.utf8.allSatisfy(Self.isPlain) else {
                throw NetworkPlaneError(
                    .answer,
                    "no guest's NIC can be called \(port.interface): use letters and digits")
            }
            guard known.insert(port.interface).inserted else {
                throw NetworkPlaneError(.answer, "two guests' NICs are called \(port.interface)")
            }
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
            UInt8(ascii: "."):
            true
        default: false
        }
    }
}
