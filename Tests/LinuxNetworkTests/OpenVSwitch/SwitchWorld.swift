import Foundation
import MetaStackModel
import Testing

@testable import LinuxNetwork

/// Two hosts with Open vSwitch on one LAN, and guests of these networks.
///
/// Guests 10 and 11 are on the first host, 12 on the second.
struct SwitchWorld {
    var sandbox: Sandbox
    var switches: [TestSwitch]
    var guests: [TestGuest]
    var wanted: [HostNetworks]
    var planes: [NetworkPlane]

    /// - Parameters:
    ///   - networks: by their ids.
    ///   - homes: which network each guest is in.
    ///   - groups: each guest's.
    static func run(
        _ networks: [String: Network], homes: [String] = ["blue", "blue", "blue"],
        groups: [[String]] = [[], [], []], records: [String: [SecurityRule]] = [:],
        isConfigured: Bool = true, _ body: (inout SwitchWorld) async throws -> Void
    ) async throws {
        try await Sandbox.run(hosts: 2) { sandbox in
            let switches = sandbox.hosts.map { TestSwitch(on: $0, in: sandbox) }
            do {
                for one in switches { try await one.start() }
                var world = try await SwitchWorld(
                    sandbox, switches, networks, homes, groups, records, isConfigured)
                try await body(&world)
            } catch {
                for one in switches { try await one.end() }
                throw error
            }
            for one in switches { try await one.end() }
        }
    }

    private init(
        _ sandbox: Sandbox, _ switches: [TestSwitch], _ networks: [String: Network],
        _ homes: [String], _ groups: [[String]], _ records: [String: [SecurityRule]],
        _ isConfigured: Bool
    ) async throws {
        self.sandbox = sandbox
        self.switches = switches
        (guests, wanted, planes) = ([], [], [])
        var all = try Make.wanted(networks, [])
        for (name, rules) in records {
            all.groups[try SecurityGroupID(name)] = SecurityGroup(
                name: try ResourceName(name), rules: rules)
        }
        for (index, number) in [10, 11, 12].enumerated() {
            let port = try Make.port(
                "tap\(number)", homes[index], number: number, groups: groups[index])
            guests.append(
                try await TestGuest(
                    "g\(index)", on: sandbox.hosts[index == 2 ? 1 : 0], port, in: sandbox,
                    isConfigured: isConfigured, mtu: 1500))
            for group in port.groups {
                all.members[group, default: []].formUnion(
                    port.addresses.map { AddressID(network: port.network, address: $0) })
            }
        }
        for one in switches {
            var wishes = all
            wishes.ports = guests.filter { $0.host.number == one.host.number }.map(\.port)
            wanted.append(wishes)
            planes.append(try await one.host.plane(switch: one.directory))
        }
        for index in planes.indices { try await start(index) }
    }

    /// Makes a host's networks, and then its guests' NICs.
    private func start(_ index: Int) async throws {
        let report = try await planes[index].converge(wanted[index])
        #expect(report.problems.isEmpty)
        for guest in guests where guest.host.number == switches[index].host.number {
            let bridge = try #require(report.ready[guest.port.network]).bridge
            try await switches[index].start(guest, on: bridge)
        }
    }

    @discardableResult
    func converge() async throws -> [NetworkReport] {
        var reports: [NetworkReport] = []
        for index in planes.indices {
            reports.append(try await planes[index].converge(wanted[index]))
        }
        return reports
    }

    mutating func change(_ body: (inout HostNetworks) -> Void) async throws {
        for index in wanted.indices { body(&wanted[index]) }
        try await converge()
    }

    /// Whether each reaches each other one's address of a family.
    func reach(_ client: Int, _ server: Int) async throws -> [Bool] {
        var found: [Bool] = []
        for address in guests[server].port.addresses {
            found.append(try await guests[client].reaches(address))
        }
        return found
    }

    /// Whether both do, once the client has forgotten that it did not find the other.
    func reachesSoon(_ client: Int, _ server: Int) async throws -> Bool {
        for _ in 0..<10 where try await reach(client, server) == [true, true] { return true }
        return false
    }

    func bridge(of guest: Int) -> String { NetworkNames(guests[guest].port.network).bridge }

    // MARK: Frames

    private struct Listening: Encodable {
        var `do` = "frames"
        var sender: String
        var sniffers: [String]
        var frames: [String]
        var watched: [String]
        var marker: String
    }

    /// For each of the guests 11 and 12 the frames that it saw of those that guest 10 sent.
    func seen(_ frames: [Frame], as watched: [Frame]? = nil) async throws -> [[Int]] {
        let hostile = guests[0]
        let own = Frame.mac("\(hostile.port.mac)")
        let marker = Frame.arp(
            from: own, sender: own, senderIP: hostile.port.ipv4,
            targetIP: try IPAddress("10.7.0.99"))
        return try await sandbox.tool(
            Listening(
                sender: hostile.path, sniffers: guests.dropFirst().map(\.path),
                frames: frames.map(\.hexadecimal),
                watched: (watched ?? frames).map(\.hexadecimal),
                marker: marker.hexadecimal + String(repeating: "00", count: 18)))
    }

    // MARK: Connections

    private struct Connecting: Encodable {
        var `do` = "connect"
        var server: String
        var client: String
        var address: String
        var port: Int
        var patience = 0.8
        var opened: String?
        var goOn: String?
    }

    func connect(
        _ client: Int, to server: Int, _ family: IPAddress.Family = .ipv6, port: Int = 80,
        as word: String = "connect", opened: String? = nil, goOn: String? = nil
    ) async throws -> String {
        let address = family == .ipv4 ? guests[server].port.ipv4 : guests[server].port.ipv6
        return try await sandbox.tool(
            Connecting(
                do: word, server: guests[server].path, client: guests[client].path,
                address: address.description, port: port, opened: opened, goOn: goOn))
    }

    // MARK: Networks

    static func vlan(
        _ name: String, _ id: Int, subnets: [Subnet]? = nil
    ) throws -> Network {
        try Network(
            name: ResourceName(name), kind: .vlan(uplink: InterfaceName("eth0"), id: id),
            subnets: subnets ?? Make.subnets())
    }
}
