import Foundation
import MetaStackModel
import Synchronization
import Testing

@testable import LinuxNetwork

/// Two guests of the network blue on the first host and one on the second; and one of the network red on
/// the first, which has the same addresses as the first of blue. Each host answers what they ask.
struct MetadataWorld {
    static let v4 = "169.254.169.254"
    static let v6 = "fe80::a9fe:a9fe"

    struct Asking: Encodable {
        var `do` = "ask"
        var client: String
        var address = MetadataWorld.v4
        var request = MetadataWorld.get("/y")
        var source: String?
        var other: String?
        var count: Int?
        var patience = 4.0
    }

    /// What guests have asked for, as the host's program heard it.
    final class Questions: Sendable {
        private let targets = Mutex<[String]>([])

        var heard: [String] { targets.withLock(\.self) }

        func note(_ request: MetadataRequest) { targets.withLock { $0.append(request.target) } }
    }

    struct Hoard: Decodable {
        var answer: String
        var ends: [String]
    }

    var sandbox: Sandbox
    var guests: [TestGuest]
    var red: TestGuest
    var planes: [NetworkPlane]
    var wanted: [HostNetworks]
    let questions: Questions

    /// What a guest is told, without the answer's head.
    func ask(
        _ guest: TestGuest, _ address: String = MetadataWorld.v4, source: IPAddress? = nil,
        path: String = "/x", patience: Double = 4
    ) async throws -> String {
        let answer: String = try await sandbox.tool(
            Asking(
                client: guest.path, address: address, request: Self.get(path),
                source: source?.description, patience: patience))
        return answer.split(separator: "\r\n").last.map(String.init) ?? ""
    }

    static func get(_ path: String) -> String {
        "GET \(path) HTTP/1.1\r\nHost: metadata\r\n\r\n"
    }

    static func run(
        limits: MetadataLimits = MetadataLimits(), mode: Subnet.GatewayMode = .none,
        answering: [Bool] = [true, true], _ body: (MetadataWorld) async throws -> Void
    ) async throws {
        try await Sandbox.run(hosts: 2) { sandbox in
            let subnets = try Self.subnets(mode)
            let networks = [
                "blue": try Make.vxlan("blue", vni: 70, subnets: subnets),
                "red": try Make.vxlan("red", vni: 71, subnets: Make.subnets()),
            ]
            var guests: [TestGuest] = []
            for (number, host) in [(10, 0), (11, 0), (12, 1)] {
                // Groups that let nothing in have nothing to say to this.
                let port = try Make.port(
                    "tap\(number)", "blue", number: number, groups: number == 11 ? ["shut"] : [])
                guests.append(
                    try await TestGuest(
                        "g\(number)", on: sandbox.hosts[host], port, in: sandbox))
            }
            let red = try await TestGuest(
                "red", on: sandbox.hosts[0], Make.port("red10", "red", number: 10), in: sandbox)
            let questions = Questions()
            var planes: [NetworkPlane] = []
            var wishes: [HostNetworks] = []
            for (host, isAnswering) in zip(sandbox.hosts, answering) {
                let own = (guests + [red]).filter { $0.host.number == host.number }
                var wanted = try Make.wanted(
                    networks, own.map(\.port), peers: sandbox.hosts.map(\.underlay))
                wanted.groups[try SecurityGroupID("shut")] = SecurityGroup(
                    name: try ResourceName("shut"))
                let plane = try await host.plane(limits: limits)
                if isAnswering {
                    plane.answerMetadata { request in
                        questions.note(request)
                        return Self.answer(request)
                    }
                }
                let report = try await plane.converge(wanted)
                #expect(report.withoutMetadata.isEmpty)
                for guest in own {
                    try await guest.start(on: #require(report.ready[guest.port.network]).bridge)
                    try await Sandbox.ip(
                        ["route add 169.254.0.0/16 dev eth0"], in: guest.namespace)
                }
                planes.append(plane)
                wishes.append(wanted)
            }
            try await body(
                MetadataWorld(
                    sandbox: sandbox, guests: guests, red: red, planes: planes, wanted: wishes,
                    questions: questions))
            for plane in planes { _ = try await plane.converge(HostNetworks()) }
        }
    }

    private static func subnets(_ mode: Subnet.GatewayMode) throws -> [Subnet] {
        guard mode == .node else { return try Make.subnets() }
        return try [
            Subnet(
                prefix: IPPrefix("10.7.0.0/24"), gateway: IPAddress("10.7.0.1"),
                gatewayMode: .node),
            Subnet(
                prefix: IPPrefix("2001:db8:7::/64"), gateway: IPAddress("2001:db8:7::1"),
                gatewayMode: .node),
        ]
    }

    /// What is at the path `/long`: the kernel has room for it, and a guest need not have.
    static let long = String(repeating: "x", count: 20_000)

    private static let answer: MetadataAnswering = { request in
        if request.target == "/long" { return MetadataAnswer(text: long) }
        return MetadataAnswer(text: "\(request.port.interface) asks for \(request.target)")
    }
}
