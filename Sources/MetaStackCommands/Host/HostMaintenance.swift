import ArgumentParser
import MetaStackDecisions
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct HostMaintenance: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "maintenance",
        abstract: "Let a host take no further VMs, and send its own elsewhere.",
        discussion: """
            They move while they run, two at a time (global_config/moves); those that allow it are shut \
            down and started elsewhere where they cannot. One that cannot leave says so in its message. \
            'host ready' ends it at any time; VMs whose records say so go back then.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var waiting: WaitOptions

    @Argument(help: "The host's name.", completion: .names(.host))
    var name: String

    @Option(help: ArgumentHelp("Why, for whoever looks later.", valueName: "text"))
    var reason: String?

    func validate() throws { _ = try waiting.condition(outOf: .drained) }

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let id = try cluster.hostNames.find(name)
        let reason = reason
        let words = "is in maintenance" + (reason.map { ": \($0)" } ?? "")
        let changed = try await HostChange(id: id, words: words) { host in
            host.state = .maintenance
            host.reason = reason
        }.write(over: cluster, in: session)
        let left = cluster.vms(on: id).count
        if left > 0 { session.confirm("\(left == 1 ? "1 VM leaves" : "\(left) VMs leave") it") }
        guard waiting.isOn else { return }
        try await session.wait(for: "host \(id)", from: cluster, atMost: waiting.timeout) {
            Self.drained(id, since: changed, $0)
        }
        session.confirm("host \(id) has no VMs any more")
    }

    /// - Parameter revision: of the record that asks for it; the cluster may be older at first.
    static func drained(_ id: HostID, since revision: Revision, _ cluster: Cluster) -> Progress {
        guard cluster.revision >= revision else { return .waiting("the host to hear of it") }
        guard cluster.desiredHosts[id]?.value.state == .maintenance else {
            return .failed("somebody ended the maintenance meanwhile")
        }
        let left = cluster.actualVMs.filter { $0.value.value.host == id }.keys.sorted()
        guard !left.isEmpty else { return .done }
        let stuck = left.compactMap { vm -> String? in
            guard case .stuck(let reason) = MoveRules(cluster).verdict(on: vm) else { return nil }
            return "\(VMOverview(vm, in: cluster).name): \(reason)"
        }
        return .waiting(
            "\(left.count) VMs to leave"
                + (stuck.isEmpty ? "" : "; cannot: " + stuck.joined(separator: "; ")))
    }
}
