import Foundation

/// The host's own bridges that show what they forward to the rules because of us.
///
/// Kept in a file, so that whoever takes the last guest off one sets it back, an agent that has
/// just started, too.
struct SharedBridges {
    let commands: HostCommands
    let directory: String

    private var file: String { "\(directory)/bridges" }

    /// Before it is done: those that a plan is about to change.
    func note(_ plan: LinkPlan) throws(NetworkPlaneError) {
        let changed = plan.networks.values.map(\.bridge).filter { bridge in
            plan.links.contains(LinkPlan.showing(bridge, true))
        }
        let noted = saved()
        if !noted.isSuperset(of: changed) { try save(noted.union(changed)) }
    }

    /// Sets back those that no network is on any more.
    func release(but used: Set<String>) async throws(NetworkPlaneError) {
        let noted = saved()
        let free = noted.subtracting(used)
        guard !free.isEmpty else { return }
        let lines = free.sorted().map { LinkPlan.showing($0, false) }
        // One that is gone needs nothing.
        _ = try await commands.attempt(
            "ip", ["-force", "-batch", "-"], input: lines.joined(separator: "\n") + "\n")
        try save(noted.intersection(used))
    }

    private func saved() -> Set<String> {
        guard let data = FileManager.default.contents(atPath: file) else { return [] }
        return Set(String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init))
    }

    private func save(_ bridges: Set<String>) throws(NetworkPlaneError) {
        do {
            if bridges.isEmpty { return try FileManager.default.removeItem(atPath: file) }
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true)
            try Data(bridges.sorted().joined(separator: "\n").utf8).write(
                to: URL(filePath: file), options: .atomic)
        } catch {
            throw NetworkPlaneError(.file, "cannot write \(file): \(error)")
        }
    }
}
