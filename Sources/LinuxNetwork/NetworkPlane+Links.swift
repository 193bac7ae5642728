import MetaStackModel

/// The links of a host's networks: what is there, and the way to what is wanted.
extension NetworkPlane {
    /// How often a look at the links may find more to do: what one pass made, the next one sees.
    private static let passes = 3

    /// What came of it: the last plan, and what was complained of where it is not what is there.
    typealias Linked = (plan: LinkPlan, complaint: String?)

    /// Makes the links, and what protects the services in their namespaces meanwhile.
    ///
    /// - Parameters:
    ///   - reading: what was there a moment ago.
    ///   - fresh: the networks whose namespace is new.
    func links(
        _ wanted: HostNetworks, _ reading: LinkReading, fresh: Set<NetworkID>
    ) async throws(NetworkPlaneError) -> Linked {
        var (reading, fresh) = (reading, fresh)
        var complaints: [String] = []
        for _ in 0..<Self.passes {
            let plan = try await plan(wanted, reading, fresh)
            if plan.isEmpty { return (plan, nil) }
            try shared.note(plan)
            // Whoever keeps the service says what went wrong with it.
            async let protected: Void = protect(services(plan, wanted))
            complaints = try await carryOut(plan)
            await protected
            if complaints.isEmpty { return (plan, nil) }
            fresh = []
            reading = try await reader.read()
        }
        let plan = try await plan(wanted, reading, fresh)
        return (plan, plan.isEmpty ? nil : complaints.joined(separator: "; "))
    }

    private func plan(
        _ wanted: HostNetworks, _ reading: LinkReading, _ fresh: Set<NetworkID>
    ) async throws(NetworkPlaneError) -> LinkPlan {
        LinkPlan(
            wanted, settings: settings, offer: offer, reading: reading,
            switches: try await virtualSwitch?.read(), fresh: fresh)
    }

    /// - Returns: what was complained of. A line that fails leaves the others alone; the next look tells.
    private func carryOut(_ plan: LinkPlan) async throws(NetworkPlaneError) -> [String] {
        var complaints: [String] = []
        try await virtualSwitch?.change(plan.rows.removals)
        for (program, lines) in [("ip", plan.links), ("bridge", plan.forwarding)]
        where !lines.isEmpty {
            let text = lines.joined(separator: "\n") + "\n"
            let result = try await commands.attempt(
                program, ["-force", "-batch", "-"], input: text)
            if let complaint = result.complaint { complaints.append(complaint) }
        }
        try await virtualSwitch?.change(plan.rows.changes)
        // Those of a link that could not be made are not there.
        try await reader.settings.write(plan.settings, isNeeded: false)
        return complaints
    }

    /// Makes the namespaces of the networks that have services.
    ///
    /// - Returns: those that are new.
    func prepare(_ wanted: HostNetworks) async throws(NetworkPlaneError) -> Set<NetworkID> {
        var fresh: Set<NetworkID> = []
        for id in Set(wanted.ports.map(\.network)).sorted()
        where wanted.networks[id]?.subnets.isEmpty == false {
            let files = ServiceFiles(settings.directory, NetworkNames(id))
            if try await services.prepare(files) { fresh.insert(id) }
        }
        return fresh
    }
}
