import MetaStackModel

/// Makes and keeps the networks of one host.
///
/// It is told all that is wanted, every time, and makes the difference to what is there. The agent
/// tells it before a guest starts, so that its rules and its network stand before its first frame,
/// and after it has ended. Calls wait for each other. Nothing runs between calls: whoever wants a
/// link that was deleted, or a dnsmasq that died, back without a change calls again.
public actor NetworkPlane {
    private let settings: PlaneSettings
    private let offer: KernelOffer
    private let commands: HostCommands
    private let rules: RulesInKernel
    private let services: ServiceRunner
    private let forwarding: HostForwarding
    private let shared: SharedBridges
    private let metadata: MetadataServer
    private var isBusy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// How often a look at the links may find more to do: what one pass made, the next one sees.
    private static let passes = 3

    public init(_ settings: PlaneSettings, offer: KernelOffer) {
        self.init(settings, offer: offer, limits: MetadataLimits())
    }

    init(_ settings: PlaneSettings, offer: KernelOffer, limits: MetadataLimits) {
        self.settings = settings
        self.offer = offer
        commands = HostCommands(namespace: settings.namespace)
        rules = RulesInKernel(commands: commands)
        services = ServiceRunner(
            commands: commands, directory: settings.directory, translator: KernelOffer.translator)
        forwarding = HostForwarding(commands: commands, directory: settings.directory)
        shared = SharedBridges(commands: commands, directory: settings.directory)
        metadata = MetadataServer(limits: limits)
    }

    /// Who knows what guests ask for; with the next call of ``converge(_:)`` their networks have a
    /// metadata server, and without it none.
    public nonisolated func answerMetadata(with answer: @escaping MetadataAnswering) {
        metadata.desk.answer(with: answer)
    }

    /// Makes the host's networks so, and returns when they are.
    ///
    /// - Returns: what guests' NICs hang on, and which networks cannot be here and why; these stand
    ///   as they are, and cost the others nothing.
    /// - Throws: `NetworkPlaneError` where the host refuses; the same may go well later.
    public func converge(
        _ wanted: HostNetworks
    ) async throws(NetworkPlaneError) -> NetworkReport {
        await enter()
        defer { leave() }
        return try await make(wanted)
    }

    private func enter() async {
        while isBusy {
            await withCheckedContinuation { waiting.append($0) }
        }
        isBusy = true
    }

    private func leave() {
        isBusy = false
        let woken = waiting
        waiting = []
        for continuation in woken { continuation.resume() }
    }

    private func make(_ wanted: HostNetworks) async throws(NetworkPlaneError) -> NetworkReport {
        try Self.check(wanted)
        let askers = MetadataAskers(wanted)
        metadata.desk.expect(askers)
        guard let tracking = offer.tracking else {
            return NetworkReport(refusing: wanted, because: offer.problems.first ?? "")
        }
        let isNeeded = Protection.isNeeded(wanted)
        if isNeeded { try await rules.set(Protection(wanted, tracking: tracking)) }
        metadata.desk.know(askers)
        let (plan, isSettled) = try await links(wanted)
        var kept: Set<ServiceFiles> = []
        for id in Set(wanted.ports.map(\.network)) {
            kept.insert(ServiceFiles(settings.directory, NetworkNames(id)))
        }
        var report = NetworkReport(plan)
        try await forwarding.keep(for: plan.networks.values.flatMap(\.outside))
        for network in plan.networks.values.sorted(by: { $0.id < $1.id }) where network.isServed {
            let service = ServicePlan(
                network, ports: wanted.ports.filter { $0.network == network.id },
                names: wanted.names[network.id] ?? [:], directory: settings.directory,
                limits: offer.hasRateLimits)
            do {
                try await services.keep(service)
            } catch {
                report.refuse(network.id, because: error.message)
            }
        }
        report.withoutMetadata = await metadata.serve(
            report.ready.compactMapValues(\.namespace), kept: Set(wanted.ports.map(\.network)))
        try await services.endAll(but: kept)
        if plan.problems.isEmpty {
            try await shared.release(but: Set(plan.networks.values.map(\.bridge)))
        }
        if !isNeeded { try await rules.remove() }
        if let complaint = isSettled { throw NetworkPlaneError(.unsettled, complaint) }
        return report
    }

    /// Names that nftables and dnsmasq take without quotes.
    private static func check(_ wanted: HostNetworks) throws(NetworkPlaneError) {
        var known: Set<InterfaceName> = []
        for port in wanted.ports {
            let isPlain = port.interface.text.utf8.allSatisfy { byte in
                IdentifierBytes.isAllowed(byte)
            }
            guard isPlain else {
                throw NetworkPlaneError(
                    .answer,
                    "no guest's NIC can be called \(port.interface): use letters and digits")
            }
            guard known.insert(port.interface).inserted else {
                throw NetworkPlaneError(.answer, "two guests' NICs are called \(port.interface)")
            }
        }
    }

    // MARK: Links

    /// - Returns: the last plan, and what was complained of where it is not what is there.
    private func links(
        _ wanted: HostNetworks
    ) async throws(NetworkPlaneError) -> (LinkPlan, complaint: String?) {
        var fresh: Set<NetworkID> = []
        for id in Set(wanted.ports.map(\.network)).sorted()
        where wanted.networks[id]?.subnets.isEmpty == false {
            let files = ServiceFiles(settings.directory, NetworkNames(id))
            if try await services.prepare(files) { fresh.insert(id) }
        }
        var complaints: [String] = []
        for _ in 0..<Self.passes {
            let plan = LinkPlan(
                wanted, settings: settings, offer: offer, reading: try await read(), fresh: fresh)
            if plan.isEmpty { return (plan, nil) }
            complaints = []
            try shared.note(plan)
            // A line that fails leaves the others alone; the next look tells.
            for (program, lines) in [("ip", plan.links), ("bridge", plan.forwarding)]
            where !lines.isEmpty {
                let text = lines.joined(separator: "\n") + "\n"
                let result = try await commands.attempt(
                    program, ["-force", "-batch", "-"], input: text)
                if let complaint = result.complaint { complaints.append(complaint) }
            }
            if complaints.isEmpty { return (plan, nil) }
            fresh = []
        }
        let plan = LinkPlan(
            wanted, settings: settings, offer: offer, reading: try await read(), fresh: fresh)
        return (plan, plan.isEmpty ? nil : complaints.joined(separator: "; "))
    }

    private func read() async throws(NetworkPlaneError) -> LinkReading {
        let links = try await commands.run("ip", ["-j", "-d", "address", "show"])
        let forwarding = try await commands.run("bridge", ["-j", "fdb", "show"])
        var routes: [String] = []
        for family in ["-4", "-6"] {
            routes.append(
                try await commands.run(
                    "ip", ["-j", family, "route", "show", "proto", "\(LinkPlan.routeProtocol)"]))
        }
        return try LinkReading(links: links, forwarding: forwarding, routes: routes)
    }
}

/// Which bytes a NIC's name may have here.
private enum IdentifierBytes {
    static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
            UInt8(ascii: "."):
            true
        default: false
        }
    }
}
