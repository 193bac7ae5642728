import Foundation
import MetaStackModel

/// The host forwards while it is the gateway of a network, and afterwards does what it did before.
///
/// A host that forwards IPv6 takes no more router advertisements (`accept_ra`, 1) and would lose its
/// own default route: links that have such a route are told to take them all the same.
struct HostForwarding {
    let commands: HostCommands
    let directory: String

    private var file: String { "\(directory)/forwarding" }
    private var kernel: KernelSettings { KernelSettings(namespace: commands.namespace) }
    private static let settings: [IPAddress.Family: String] = [
        .ipv4: "net.ipv4.ip_forward", .ipv6: "net.ipv6.conf.all.forwarding",
    ]

    func keep(for families: [IPAddress.Family]) async throws(NetworkPlaneError) {
        let wanted = Set(families)
        var before = saved()
        if wanted.isEmpty {
            guard !before.isEmpty else { return }
            // A link that is gone needs nothing.
            try await kernel.write(before.map { "\($0.key)=\($0.value)" }, isNeeded: false)
            try? FileManager.default.removeItem(atPath: file)  // It is written anew.
            return
        }
        for family in wanted.sorted(by: { $0.rawValue < $1.rawValue }) {
            guard let name = Self.settings[family] else { continue }
            let value = try await read(name)
            guard value != "1" else { continue }
            var changes = [name: "1"]
            if family == .ipv6 {
                for link in try await advertised() {
                    changes["net.ipv6.conf.\(link).accept_ra"] = "2"
                }
            }
            for setting in changes.keys where before[setting] == nil {
                before[setting] = try await read(setting)
            }
            try save(before)
            // First what keeps the routes.
            let lines = changes.sorted { ($0.value, $1.key) > ($1.value, $0.key) }
            try await kernel.write(lines.map { "\($0.key)=\($0.value)" })
        }
    }

    private func read(_ name: String) async throws(NetworkPlaneError) -> String {
        guard let value = try await kernel.read([name])[name] else {
            throw NetworkPlaneError(.file, "the kernel has no setting \(name)")
        }
        return value
    }

    /// The links with a default route that a router told of. A dot in a name is sysctl's slash.
    private func advertised() async throws(NetworkPlaneError) -> [String] {
        struct Route: Decodable { var dev: String? }
        let answer = try await commands.run(
            "ip", ["-j", "-6", "route", "show", "default", "proto", "ra"])
        guard let routes = try? JSONDecoder().decode([Route].self, from: Data(answer.utf8)) else {
            throw NetworkPlaneError(.answer, "cannot read what ip says of routes")
        }
        return Set(routes.compactMap(\.dev)).map { $0.replacing(".", with: "/") }.sorted()
    }

    private func saved() -> [String: String] {
        guard let data = FileManager.default.contents(atPath: file) else { return [:] }
        return (try? JSONDecoder().decode([String: String].self, from: data)) ?? [:]  // Torn.
    }

    private func save(_ before: [String: String]) throws(NetworkPlaneError) {
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true)
            try JSONEncoder().encode(before).write(to: URL(filePath: file), options: .atomic)
        } catch {
            throw NetworkPlaneError(.file, "cannot write \(file): \(error)")
        }
    }
}
