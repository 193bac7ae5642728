import Foundation
import MetaStackModel

/// Keeps the services of networks as their plans say: namespaces, files, and one dnsmasq each, with a
/// translator where guests of IPv6 alone have IPv4 addresses.
///
/// Both run by themselves (``Daemon``); whether they do is looked at with every ``keep(_:)``.
actor ServiceRunner {
    let commands: HostCommands
    let directory: String
    let translator: any AddressTranslator
    /// What each network has got.
    private var applied: [NetworkID: ServicePlan] = [:]
    /// The rules in each namespace.
    private var protected: [ServiceFiles: RuleSet] = [:]

    init(commands: HostCommands, directory: String, translator: any AddressTranslator) {
        self.commands = commands
        self.directory = directory
        self.translator = translator
    }

    private func daemons(_ files: ServiceFiles) -> [Daemon] {
        [files.dnsmasq, translator.daemon(files)].compactMap(\.self)
    }

    /// Those that serve networks now.
    var processes: Set<pid_t> {
        Set(
            applied.values.flatMap { plan in
                let all = daemons(plan.files)
                return plan.translation == nil ? Array(all.prefix(1)) : all
            }.compactMap(\.process))
    }

    // MARK: Namespaces

    /// Makes the namespace of a network where there is none.
    ///
    /// - Returns: whether it is new, and what went into an old one is lost.
    func prepare(_ files: ServiceFiles) async throws(NetworkPlaneError) -> Bool {
        if Namespaces.isMounted(files.namespace) { return false }
        try files.make()
        try files.write("", to: files.namespace)
        // Mounts end with their mount namespace, which may have been an earlier agent's.
        if let process = daemons(files).lazy.compactMap(\.process).first {
            try await commands.run(
                "mount", ["--bind", "/proc/\(process)/ns/net", files.namespace])
            return false
        }
        applied = applied.filter { $0.value.files != files }
        protected[files] = nil
        try await commands.run("unshare", ["--net=\(files.namespace)", "true"])
        return true
    }

    // MARK: Services

    /// Puts the rules into a namespace where they are others, which needs none of its links.
    func protect(_ plan: ServicePlan) async throws(NetworkPlaneError) {
        guard protected[plan.files] != plan.rules else { return }
        let inside = HostCommands(namespace: plan.files.namespace)
        try await inside.run("nft", ["-f", "-"], input: plan.rules.replacement)
        protected[plan.files] = plan.rules
    }

    func keep(_ plan: ServicePlan) async throws(NetworkPlaneError) {
        let old = applied[plan.id]
        let inside = HostCommands(namespace: plan.files.namespace)
        try await protect(plan)
        if old?.links != plan.links || old?.rules != plan.rules {
            try await KernelSettings(namespace: plan.files.namespace).write(plan.settings)
        }
        var lines = plan.links
        if let old, old.links != plan.links { lines.insert("address flush dev service", at: 0) }
        let text = lines.joined(separator: "\n") + "\n"
        try await inside.run("ip", ["-batch", "-"], input: text)
        try await serve(plan, inside)
        if let translation = plan.translation {
            try await translator.keep(translation, plan.files, inside)
        } else {
            try await translator.remove(plan.files, inside)
        }
        applied[plan.id] = plan
    }

    private func serve(
        _ plan: ServicePlan, _ inside: HostCommands
    ) async throws(NetworkPlaneError) {
        let files = plan.files
        let isOther = try files.write(plan.configuration, to: files.configuration)
        let hasOtherLeases = try files.write(plan.leases, to: files.leases)
        let hasOtherNames = try files.write(plan.names, to: files.names)
        if isOther { try await files.dnsmasq.end() }
        if files.dnsmasq.process == nil {
            try await files.dnsmasq.start(inside)
        } else if hasOtherLeases || hasOtherNames {
            // `man dnsmasq`, SIGHUP.
            files.dnsmasq.reread()
        }
    }

    /// Ends the services of all networks but these.
    func endAll(but kept: Set<ServiceFiles>) async throws(NetworkPlaneError) {
        applied = applied.filter { kept.contains($0.value.files) }
        protected = protected.filter { kept.contains($0.key) }
        for files in ServiceFiles.all(in: directory) where !kept.contains(files) {
            for daemon in daemons(files) { try await daemon.end() }
            if Namespaces.isMounted(files.namespace) {
                try await commands.run("umount", [files.namespace])
            }
            try ServiceFiles.remove(files.directory)
        }
    }
}
