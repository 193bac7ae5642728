import ArgumentParser
import MetaStackDecisions
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct RebalanceCommand: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebalance", abstract: "Move VMs so that hosts share load more evenly.",
        discussion: """
            It says what it moves and what that gains, and asks for these moves; the VMs' owners make them. \
            VMs that are pinned, or were started or moved within the cool-down, stay. With --on nodes do it \
            by themselves from then on, until --off.
            """)

    @OptionGroup var global: GlobalOptions

    @Flag(help: "Say what would be moved, and move nothing.")
    var dryRun = false

    @Flag(exclusivity: .exclusive, help: "Have nodes do it by themselves, or not.")
    var policy: Policy?

    @Option(
        help: ArgumentHelp(
            "How much fuller the fullest host may be than the emptiest.", valueName: "percent"))
    var threshold: Int?

    @Option(help: ArgumentHelp("How many VMs are moved at most.", valueName: "number"))
    var atMost: Int?

    @Option(
        help: ArgumentHelp("How long a VM stays after it came.", valueName: "seconds"))
    var coolDown: Int?

    @Option(
        help: ArgumentHelp("With --on: how often nodes look.", valueName: "seconds"))
    var interval: Int?

    enum Policy: String, EnumerableFlag {
        case on
        case off
    }

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let wanted = try settings(cluster)
        if policy != nil { return try await write(wanted, over: cluster, in: session) }
        let plan = Rebalance(of: cluster, by: wanted, at: session.now())
        let report = RebalanceReport(plan: plan, cluster: cluster)
        try session.answer(report.document) { report.text }
        guard !dryRun else { return }
        for step in plan.steps {
            let change = try step.change(order: session.newID(), in: cluster, at: session.now())
            _ = try await session.write(
                change.writes, if: change.conditions, orElse: change.conflict)
        }
    }

    /// - Throws: `ValidationError` for a number that is out of range.
    private func settings(_ cluster: Cluster) throws -> RebalancePolicy {
        var settings = cluster.rebalancePolicy?.value ?? RebalancePolicy()
        settings.threshold = threshold ?? settings.threshold
        settings.atMost = atMost ?? settings.atMost
        settings.coolDown = coolDown ?? settings.coolDown
        settings.interval = interval ?? settings.interval
        if let policy { settings.state = policy == .on ? .on : .off }
        try settings.validate()
        return settings
    }

    private func write(
        _ wanted: RebalancePolicy, over cluster: Cluster, in session: CommandSession
    ) async throws {
        let key = RebalancePolicy.key
        let known = cluster.rebalancePolicy
        // One that cannot be read is replaced.
        let conditions: [RecordCondition] =
            cluster.malformed[key.path] != nil
            ? [] : [known.map { .unchanged(key, since: $0.revision) } ?? .absent(key)]
        let revision = try await session.write(
            [.put(key, wanted)], if: conditions, orElse: .changedMeanwhile("the policy"))
        let stored = Stored(
            wanted, revision: revision, createRevision: known?.createRevision ?? revision)
        try session.announce(
            "nodes share load by themselves: \(wanted.state.rawValue)", id: "rebalance",
            try JSONValue(stored))
    }
}
