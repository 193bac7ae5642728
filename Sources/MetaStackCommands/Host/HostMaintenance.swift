import ArgumentParser
import MetaStackModel

struct HostMaintenance: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "maintenance", abstract: "Let a host take no further VMs.",
        discussion: "It keeps those that it runs.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The host's name.")
    var name: String

    @Option(help: ArgumentHelp("Why, for whoever looks later.", valueName: "text"))
    var reason: String?

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load()
        let id = try cluster.hostNames.find(name)
        let reason = reason
        let words = "is in maintenance" + (reason.map { ": \($0)" } ?? "")
        try await HostChange(id: id, words: words) { host in
            host.state = .maintenance
            host.reason = reason
        }.write(over: cluster, in: session)
        let left = cluster.vms(on: id).count
        if left > 0 { session.confirm("\(left == 1 ? "1 VM stays" : "\(left) VMs stay") on it") }
    }
}
