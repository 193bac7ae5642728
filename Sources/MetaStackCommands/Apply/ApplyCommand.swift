import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct ApplyCommand: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Make what is wanted what files say.",
        discussion: """
            Each document is a desired record with its kind (vm, image, flavour, ssh-key, network, security-group, host or config) beside it. \
            What is not there is created, what differs is changed, the rest stays. All documents are checked \
            before the first is written. What a document does not say is at its default, but a VM's state and \
            a host's maintenance stay as they are.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var files: FileOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var confirming: ConfirmOptions

    @Flag(help: "Check it and say what would be done, and do nothing.")
    var dryRun = false

    @Flag(
        help:
            "Delete what --selector picks and no document names: VMs, images, flavours, SSH keys, networks and security groups."
    )
    var prune = false

    @Option(
        name: [.customShort("l"), .long],
        help: ArgumentHelp("With --prune: the labels that what may go has.", valueName: "labels"))
    var selector: String?

    func validate() throws {
        guard prune == (selector != nil) else {
            throw ArgumentParser.ValidationError(
                "--prune and --selector go together: without labels everything else would be deleted"
            )
        }
        if let selector {
            guard !(try LabelSelector(selector).names.isEmpty) else {
                throw ArgumentParser.ValidationError("--selector names no label")
            }
        }
        _ = try waiting.condition(outOf: .running)
    }

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let plan = try ApplyPlan(
            try files.documents(), pruning: try selector.map { try LabelSelector($0) },
            in: cluster, at: session.now(), newID: session.newID)
        let gone = plan.steps.filter { $0.action == .deleted }.map(\.change.words)
        if !gone.isEmpty, !dryRun {
            try session.requireYes(to: "delete \(gone.joined(separator: ", "))?", confirming)
        }
        let report = ApplyReport(session: session, dryRun: dryRun)
        var goals = ApplyGoals()
        for step in plan.steps {
            if step.change.isNeeded, step.action != .kept, !dryRun {
                let revision = try await session.write(step.change)
                goals.add(step.change, at: revision)
            }
            report.tell(step)
        }
        try report.finish()
        guard waiting.isOn, !dryRun else { return }
        let wanted = goals
        try await session.wait(
            for: "what was applied", from: cluster, atMost: waiting.timeout
        ) { wanted.progress(in: $0) }
    }
}

extension ResourceChange {
    /// Such as `vm web`.
    var words: String { "\(kind.word) \(name)" }
}

extension CommandSession {
    /// Writes a change.
    ///
    /// - Throws: `CommandFailure` where somebody else was faster.
    func write(_ change: ResourceChange) async throws -> Revision {
        try await write(
            change.signed(by: user).writes, if: change.conditions, orElse: change.conflict)
    }
}

/// Says what is done, step by step for people and names, at the end for other programs.
final private class ApplyReport {
    private let session: CommandSession
    private let dryRun: Bool
    private var documents: [JSONValue] = []

    init(session: CommandSession, dryRun: Bool) {
        self.session = session
        self.dryRun = dryRun
    }

    func tell(_ step: ApplyPlan.Step) {
        let change = step.change
        if let message = step.message { session.warn("\(message); apply again once they are gone") }
        switch session.format {
        case .table, .wide:
            let ending = dryRun ? " (dry run)" : ""
            session.confirm("\(change.words) \(step.action.rawValue)\(ending)".printable)
        case .name: session.screen.output("\(change.kind.word)/\(change.name)\n")
        case .json, .yaml, .template:
            documents.append(
                .object([
                    "kind": .string(change.kind.word), "id": .string(change.id),
                    "name": .string(change.name), "action": .string(step.action.rawValue),
                    "message": JSONValue(step.message), "before": change.before ?? .null,
                    "after": change.after ?? .null,
                ]))
        }
    }

    func finish() throws {
        switch session.format {
        case .table, .wide, .name: break
        case .json, .yaml:
            session.screen.output(try session.renderer.text(of: .array(documents)))
        case .template:
            session.screen.output(
                try session.renderer.text(of: .object(["items": .array(documents)])))
        }
    }
}

/// What must come so for everything that was written to be so.
private struct ApplyGoals: Sendable {
    private var goals: [(words: String, progress: @Sendable (Cluster) -> Progress)] = []

    mutating func add(_ change: ResourceChange, at revision: Revision) {
        let (id, words) = (change.id, change.words)
        switch (change.kind, change.after) {
        case (.vm, .object(let record)?):
            let goal: VMGoal =
                record["state"] == .string("stop")
                ? .stopped(since: revision) : .running(since: revision)
            goals.append((words, { goal.progress(of: VMID(unchecked: id), in: $0) }))
        case (.vm, _):
            goals.append((words, { VMGoal.gone(nil).progress(of: VMID(unchecked: id), in: $0) }))
        case (.image, .object?):
            goals.append(
                (words, { ImageGoal.ready(ImageID(unchecked: id), since: revision, in: $0) }))
        case (.image, _): goals.append((words, { ImageGoal.gone(ImageID(unchecked: id), in: $0) }))
        case (.flavour, _), (.sshKey, _), (.host, _), (.config, _), (.volume, _), (.network, _),
            (.securityGroup, _), (.address, _):
            break
        }
    }

    func progress(in cluster: Cluster) -> Progress {
        var missing: [String] = []
        for goal in goals {
            switch goal.progress(cluster) {
            case .done: break
            case .failed(let reason): return .failed("\(goal.words): \(reason)")
            case .waiting(let text): missing.append("\(goal.words): \(text)")
            }
        }
        guard let first = missing.first else { return .done }
        return .waiting(missing.count == 1 ? first : "\(first); and \(missing.count - 1) more")
    }
}
