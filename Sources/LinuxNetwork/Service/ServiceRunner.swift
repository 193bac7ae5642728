import Foundation
import MetaStackModel

/// Keeps the services of networks as their plans say: namespaces, files, and one dnsmasq each.
///
/// dnsmasq runs by itself, so that guests get addresses while the agent is being upgraded; whether
/// it runs is looked at with every ``keep(_:)``.
actor ServiceRunner {
    let commands: HostCommands
    let directory: String
    /// What each network has got.
    private var applied: [NetworkID: ServicePlan] = [:]

    init(commands: HostCommands, directory: String) {
        self.commands = commands
        self.directory = directory
    }

    // MARK: Namespaces

    /// Makes the namespace of a network where there is none.
    ///
    /// - Returns: whether it is new, and what went into an old one is lost.
    func prepare(_ files: ServiceFiles) async throws(NetworkPlaneError) -> Bool {
        if Namespaces.isMounted(files.namespace) { return false }
        try Self.make(directory: files.directory)
        try Self.write("", to: files.namespace)
        // Mounts end with their mount namespace, which may have been an earlier agent's.
        if let process = Processes.running(files) {
            try await commands.run(
                "mount", ["--bind", "/proc/\(process)/ns/net", files.namespace])
            return false
        }
        applied = applied.filter { $0.value.files != files }
        try await commands.run("unshare", ["--net=\(files.namespace)", "true"])
        return true
    }

    // MARK: Services

    func keep(_ plan: ServicePlan) async throws(NetworkPlaneError) {
        let old = applied[plan.id]
        let inside = HostCommands(namespace: plan.files.namespace)
        let isOther = old?.links != plan.links || old?.rules != plan.rules
        if isOther {
            try await inside.run("nft", ["-f", "-"], input: plan.rules.replacement)
            try await inside.run("sysctl", ["-q", "-w"] + plan.settings)
        }
        var lines = plan.links
        if let old, old.links != plan.links { lines.insert("address flush dev service", at: 0) }
        let text = lines.joined(separator: "\n") + "\n"
        try await inside.run("ip", ["-batch", "-"], input: text)
        try await serve(plan, inside)
        applied[plan.id] = plan
    }

    private func serve(
        _ plan: ServicePlan, _ inside: HostCommands
    ) async throws(NetworkPlaneError) {
        let isOther = try Self.write(plan.configuration, to: plan.files.configuration)
        let hasOtherLeases = try Self.write(plan.leases, to: plan.files.leases)
        let hasOtherNames = try Self.write(plan.names, to: plan.files.names)
        var process = Processes.running(plan.files)
        if isOther, process != nil {
            try await Processes.end(plan.files)
            process = nil
        }
        if let process {
            if hasOtherLeases || hasOtherNames { Processes.reread(process) }
        } else {
            try await inside.run("dnsmasq", ["--conf-file=\(plan.files.configuration)"])
        }
    }

    /// Ends the services of all networks but these.
    func endAll(but kept: Set<ServiceFiles>) async throws(NetworkPlaneError) {
        applied = applied.filter { kept.contains($0.value.files) }
        for files in ServiceFiles.all(in: directory) where !kept.contains(files) {
            try await Processes.end(files)
            if Namespaces.isMounted(files.namespace) {
                try await commands.run("umount", [files.namespace])
            }
            try Self.remove(files.directory)
        }
    }

    // MARK: Files

    private static func make(directory: String) throws(NetworkPlaneError) {
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true)
        } catch {
            throw NetworkPlaneError(.file, "cannot make \(directory): \(error)")
        }
    }

    private static func remove(_ path: String) throws(NetworkPlaneError) {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw NetworkPlaneError(.file, "cannot remove \(path): \(error)")
        }
    }

    /// - Returns: whether the file had another content.
    @discardableResult
    private static func write(_ text: String, to path: String) throws(NetworkPlaneError) -> Bool {
        let data = Data(text.utf8)
        if FileManager.default.contents(atPath: path) == data { return false }
        do {
            try data.write(to: URL(filePath: path))
        } catch {
            throw NetworkPlaneError(.file, "cannot write \(path): \(error)")
        }
        return true
    }
}
