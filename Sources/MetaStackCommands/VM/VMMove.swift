import ArgumentParser
import MetaStackDecisions
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct VMMove: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "move", abstract: "Ask for a VM to go to another host.",
        discussion: """
            The guest runs on while its memory is sent, and stands still for a moment at the end. A move that \
            fails leaves it where it is; it is tried again, until it is there or somebody asks for something \
            else, and the VM's message says what keeps it.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var waiting: WaitOptions

    @Argument(help: "The VM's name or id.", completion: .names(.vm))
    var name: String

    @Option(
        help: ArgumentHelp("Where to; the best of the others without.", valueName: "host"),
        completion: .names(.host))
    var to: String?

    @Flag(help: "Shut the guest down, and start it there.")
    var offline = false

    func validate() throws { _ = try waiting.condition(outOf: .moved, .running) }

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let id = try cluster.vmNames.find(name)
        let target = try to.map { try cluster.hostNames.find($0) }
        let order = try MoveOrder(id, to: target, offline: offline, in: cluster)
        guard let (changed, from) = try await order.write(in: session) else { return }
        guard waiting.isOn else { return }
        let isThere = try waiting.condition(outOf: .moved, .running) == .moved
        let goal: VMGoal =
            isThere ? .moved(from: from, since: changed) : .running(since: changed)
        try await session.wait(for: "vm \(order.name)", from: cluster, atMost: waiting.timeout) {
            goal.progress(of: id, in: $0)
        }
        session.confirm("vm \(order.name) has moved")
    }
}

/// One order to move a VM, checked against what is known before it is given.
private struct MoveOrder {
    let id: VMID
    let name: String
    private let stored: Stored<DesiredVM>
    private let from: HostID
    private let to: HostID?
    private let offline: Bool

    /// - Throws: `CommandFailure` where the VM does not run, or must not run there.
    init(
        _ id: VMID, to: HostID?, offline: Bool, in cluster: Cluster
    ) throws(CommandFailure) {
        let change = try VMStateChange(id, to: .start, in: cluster)
        self.id = id
        self.to = to
        self.offline = offline
        name = change.name
        stored = change.stored
        guard stored.value.state == .start, let claim = cluster.actualVMs[id]?.value else {
            throw CommandFailure(
                .failed, "vm \(change.name) does not run: it goes wherever it is started")
        }
        from = claim.host
        if let to, let pin = stored.value.host, pin != to {
            throw CommandFailure(
                .failed, "vm \(change.name) is pinned to host \(pin): pin it to \(to) instead")
        }
    }

    /// - Returns: the record's revision and the host that it leaves; nil where it is there already.
    func write(in session: CommandSession) async throws -> (revision: Revision, from: HostID)? {
        if to == from {
            session.confirm("vm \(name) is on \(from) already")
            return nil
        }
        var changed = stored
        changed.value.moves.order = MoveWishes.Order(
            id: session.newID(), from: from, to: to, offline: offline)
        // Still true at the write: nobody has changed the record since it was read.
        changed.revision = try await session.write(
            [.put(.desiredVM(id), changed.value)],
            if: [.unchanged(.desiredVM(id), since: stored.revision)],
            orElse: .changedMeanwhile("vm \(name)"))
        let goal = to.map { "to \($0)" } ?? "to another host"
        try session.report(
            "asked for vm \(name) to move from \(from) \(goal)", id: id.text,
            try JSONValue(id: id.text, changed))
        return (changed.revision, from)
    }
}
