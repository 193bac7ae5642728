import MetaStackModel

/// Makes and keeps the networks of one host.
///
/// It is told all that is wanted, every time, and makes the difference to what is there. The agent
/// tells it before a guest starts, so that its rules and its network stand before its first frame,
/// and after it has ended. Calls wait for each other. Nothing runs between calls: ``damage()`` tells
/// when a link may have been deleted, rules changed or a dnsmasq died, and whoever wants it back calls
/// again.
public actor NetworkPlane {
    let settings: PlaneSettings
    let offer: KernelOffer
    let commands: HostCommands
    let services: ServiceRunner
    let shared: SharedBridges
    nonisolated let reader: LinkReader
    nonisolated let watch: PlaneWatch
    /// nil where the kernel's bridges are used.
    let virtualSwitch: VirtualSwitch?
    private let rules: RulesInKernel
    private let forwarding: HostForwarding
    private let metadata: MetadataServer
    /// The links that have the host's address in the underlay.
    private var devices: Set<String> = []
    private var isBusy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

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
        virtualSwitch =
            settings.driver == .openVSwitch
            ? VirtualSwitch(commands: commands, directory: settings.switchDirectory) : nil
        reader = LinkReader(commands)
        watch = PlaneWatch(namespace: settings.namespace)
    }

    /// Who knows what guests ask for; with the next call of ``converge(_:)`` their networks have a
    /// metadata server, and without it none.
    public nonisolated func answerMetadata(with answer: @escaping MetadataAnswering) {
        metadata.desk.answer(with: answer)
    }

    /// Tells when something that was made may be damaged: a call of ``converge(_:)`` then mends it. What
    /// such calls change is told of, too. For one listener, which hears of it once at first.
    ///
    /// Not told of is what happens inside the namespaces of the services; only the end of a service is.
    ///
    /// - Throws: `NetworkPlaneError` where the kernel tells of nothing; then there is only to look.
    public nonisolated func damage() async throws(NetworkPlaneError) -> AsyncStream<Void> {
        guard virtualSwitch == nil else {
            throw NetworkPlaneError(.answer, "of changes in Open vSwitch the kernel does not tell")
        }
        return try await watch.open()
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
        try wanted.check()
        let askers = MetadataAskers(wanted)
        metadata.desk.expect(askers)
        guard let protection = protection(wanted) else {
            return NetworkReport(refusing: wanted, because: offer.problems.first ?? "")
        }
        watch.keep(KeptParts(wanted, settings, devices: devices))
        watch.catchUp()
        let isNeeded = Protection.isNeeded(wanted)
        // The rules stand before a link is touched; to look at what is there need not wait for them.
        async let ruled = rule(isNeeded ? protection : nil)
        async let prepared = Result.of { () async throws(NetworkPlaneError) in
            try await prepare(wanted)
        }
        async let read = Result.of { () async throws(NetworkPlaneError) in
            try await reader.read()
        }
        let (rulesStand, namespaces, found) = await (ruled, prepared, read)
        try rulesStand.get()
        if virtualSwitch == nil { metadata.desk.know(askers) }
        let reading = try found.get()
        note(reading, wanted)
        let (plan, complaint) = try await links(wanted, reading, fresh: try namespaces.get())
        var report = NetworkReport(plan)
        if let complaint {
            for id in plan.unfinished {
                report.refuse(id, because: "its links cannot be made: \(complaint)")
            }
        }
        if let virtualSwitch {
            await protect(wanted, plan, virtualSwitch, &report)
            // Where the flows are not those that are wanted, no address says whose it is.
            var protected = wanted
            protected.ports.removeAll { report.ready[$0.network] == nil }
            metadata.desk.know(MetadataAskers(protected))
        }
        try await serve(plan, wanted, &report)
        if plan.problems.isEmpty {
            try await shared.release(but: Set(plan.networks.values.map(\.bridge)))
        }
        if !isNeeded { try await rules.remove() }
        if let complaint, plan.hasOtherLines { throw NetworkPlaneError(.unsettled, complaint) }
        return report
    }

    /// nil where this host cannot protect anybody.
    private func protection(_ wanted: HostNetworks) -> Protection? {
        virtualSwitch == nil
            ? offer.tracking.map { Protection(wanted, tracking: $0) }
            : Protection(besideSwitch: wanted)
    }

    /// The flows of each network's bridge, without which nothing passes there.
    private func protect(
        _ wanted: HostNetworks, _ plan: LinkPlan, _ virtualSwitch: VirtualSwitch,
        _ report: inout NetworkReport
    ) async {
        for network in plan.networks.values.sorted(by: { $0.id < $1.id }) {
            do {
                try await virtualSwitch.set(
                    SwitchFlows(network, in: wanted, numbers: plan.rows.numbers))
            } catch {
                report.refuse(network.id, because: error.message)
            }
        }
    }

    private func rule(_ protection: Protection?) async -> Result<Void, NetworkPlaneError> {
        guard let protection else { return .success(()) }
        do throws(NetworkPlaneError) {
            return .success(try await rules.set(protection, inDoubt: watch.takeDoubtOfRules()))
        } catch {
            watch.doubtRules()
            return .failure(error)
        }
    }

    /// VXLANs rest on the links that have the host's address.
    private func note(_ reading: LinkReading, _ wanted: HostNetworks) {
        guard let underlay = settings.underlay else { return }
        devices = Set(reading.addresses.filter { $0.value.contains(underlay) }.keys)
        watch.keep(KeptParts(wanted, settings, devices: devices))
    }

    private func serve(
        _ plan: LinkPlan, _ wanted: HostNetworks, _ report: inout NetworkReport
    ) async throws(NetworkPlaneError) {
        try await forwarding.keep(for: plan.networks.values.flatMap(\.outside))
        let served = services(plan, wanted).filter { report.ready[$0.id] != nil }
        for (id, problem) in await keep(served) {
            report.refuse(id, because: problem)
        }
        let ids = Set(wanted.ports.map(\.network))
        report.withoutMetadata = await metadata.serve(
            report.ready.compactMapValues(\.namespace), kept: ids)
        try await services.endAll(
            but: Set(ids.map { ServiceFiles(settings.directory, NetworkNames($0)) }))
        watch.keep(await services.processes)
    }
}
