public import MetaStackModel

/// The names and numbers of what a host makes for a network.
///
/// The kernel allows 15 characters: `ms`, a letter for the part, and 48 bits of the hash of the
/// network's id. Two networks of 1000 share a hash once in 10^8 deployments. Each link's alias names
/// its network, for people.
public struct NetworkNames: Sendable, Hashable {
    /// What each of our links begins with.
    static let prefix = "ms"
    /// The letters of the parts.
    private static let parts = "bpruvx"
    static let digits = 12

    private let hash: UInt64

    public init(_ network: NetworkID) {
        var hash = StableHash()
        hash.combine("network")
        hash.combine(network.text)
        self.hash = hash.finalize()
    }

    private func name(_ part: Character) -> String { "\(Self.prefix)\(part)\(suffix)" }

    /// What all of a network's names end in.
    var suffix: String {
        let text = String(hash & 0xffff_ffff_ffff, radix: 16)
        return String(repeating: "0", count: Self.digits - text.count) + text
    }

    /// The bridge of a VLAN or VXLAN.
    public var bridge: String { name("b") }
    /// The bridge's port to the network's own services.
    var servicePort: String { name("p") }
    /// The host's end of the way from the network's gateway.
    var router: String { name("r") }
    /// The VLAN's link on its uplink.
    var vlan: String { name("v") }
    var vxlan: String { name("x") }
    /// With Open vSwitch, the network's port to the host's own bridge, which no kernel sees.
    var outlet: String { name("o") }
    /// The other end of it, on the host's bridge.
    var inlet: String { name("i") }

    /// Of the services, and so of the gateway: the same on every host, so that a guest that moves
    /// keeps its neighbours. "Locally administered, unicast".
    var serviceMAC: String {
        let octets = (0..<5).map { octet in
            let text = String(hash >> UInt64(8 * octet) & 0xff, radix: 16)
            return text.count < 2 ? "0" + text : text
        }
        return "0e:" + octets.joined(separator: ":")
    }

    /// Which connections are this network's, where two networks have the same addresses: 1...65535.
    var zone: Int { Int(hash >> 48) % 65535 + 1 }

    /// Whether a link is one that MetaStack made, by its name and by its alias.
    static func isOurs(_ name: String, alias: String?) -> Bool {
        isName(name) && alias?.hasPrefix(aliasPrefix) == true
    }

    /// Whether a link is called as ours are.
    static func isName(_ name: String) -> Bool {
        guard name.count == prefix.count + 1 + digits, name.hasPrefix(prefix) else {
            return false
        }
        let rest = name.dropFirst(prefix.count)
        return parts.contains(rest[rest.startIndex])
            && rest.dropFirst().allSatisfy { $0.isHexDigit && !$0.isUppercase }
    }

    private static let aliasPrefix = "metastack network "

    static func alias(_ network: Network) -> String { aliasPrefix + network.name.text }

    /// The name of the network that a link of ours is for.
    static func network(inAlias alias: String) -> String {
        String(alias.dropFirst(aliasPrefix.count))
    }
}
