import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct TakeoverDisarm: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "disarm",
        abstract: "Let VMs wait whose host is gone, such as for work on the network.",
        discussion: "Guests that run go on, and a host that comes back goes on with its own.")

    @OptionGroup var global: GlobalOptions

    @Option(help: ArgumentHelp("Why, for whoever looks later.", valueName: "text"))
    var reason: String?

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let change = try TakeoverSwitchChange(to: .disarmed, reason: reason)
        try await change.write(over: cluster, in: session)
    }
}
