import Foundation
import LinuxNetwork
import MetaStackDecisions
public import MetaStackModel
import Subprocess

/// Where the links of a host are looked up.
public struct HostLinksSource: Sendable {
    /// Brings something whenever they may have changed; for one reader.
    public var changes: AsyncStream<Void>
    public var read: @Sendable () async throws -> HostLinks

    public init(
        changes: AsyncStream<Void>, read: @escaping @Sendable () async throws -> HostLinks
    ) {
        self.changes = changes
        self.read = read
    }

    /// The process's own network namespace.
    ///
    /// The kernel tells of Open vSwitch's changes, too: each bridge and each uplink of it is a link.
    ///
    /// - Throws: `NetworkPlaneError` where the kernel does not tell of changes.
    public static func host(of driver: NetworkDriver) throws -> HostLinksSource {
        HostLinksSource(changes: try LinkChanges.stream()) { try await HostLinks.read(driver) }
    }
}

/// The links of a host that guests' networks can be made of.
public struct HostLinks: Sendable, Equatable {
    public var bridges: [String]
    /// Those that a VLAN can be put on.
    public var uplinks: [String]

    public init(bridges: [String] = [], uplinks: [String] = []) {
        self.bridges = bridges
        self.uplinks = uplinks
    }

    /// Those that a driver can make networks of.
    ///
    /// - Throws: where a program is missing, or says what this does not understand.
    static func read(_ driver: NetworkDriver) async throws -> HostLinks {
        switch driver {
        case .linux: return try await read()
        case .openVSwitch:
            let found = try await SwitchLinks.read()
            // A guest's NIC that is on no network is on the host's bridge, too.
            return HostLinks(
                bridges: found.bridges, uplinks: found.uplinks.filter { !isOurs($0) })
        }
    }

    /// What `ip` shows of the process's own network namespace, which `/sys` need not.
    ///
    /// - Throws: where there is no `ip`, or it says what this does not understand.
    static func read() async throws -> HostLinks {
        let result = try await Subprocess.run(
            .name("ip"), arguments: ["-j", "-d", "link", "show"], output: .string(limit: 64 << 20),
            error: .string(limit: 1 << 16))
        return try HostLinks(json: Data(result.standardOutput.utf8))
    }

    /// Reads what `ip -j -d link show` writes.
    init(json: Data) throws {
        let links = try JSONDecoder().decode([Link].self, from: json).filter {
            !Self.isOurs($0.ifname)
        }
        bridges = links.filter { $0.linkinfo?.kind == "bridge" }.map(\.ifname).sorted()
        // Guests' own ends are taps.
        uplinks = links.filter { link in
            link.ifname != "lo" && !["bridge", "tun"].contains(link.linkinfo?.kind)
        }.map(\.ifname).sorted()
    }

    private struct Link: Decodable {
        struct Details: Decodable {
            var kind: String?

            enum CodingKeys: String, CodingKey { case kind = "info_kind" }
        }

        var ifname: String
        var linkinfo: Details?
    }

    /// Whether MetaStack made it, for a network (`ms`) or a guest (`mt`), and a hash.
    private static func isOurs(_ name: String) -> Bool {
        (name.hasPrefix("ms") || name.hasPrefix(InterfaceName.tapPrefix)) && name.utf8.count >= 14
    }
}
