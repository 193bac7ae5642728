import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct HostList: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the hosts and what they have promised to VMs.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: ListOptions

    func perform(in session: CommandSession) async throws {
        try await session.list(
            options, of: .folders([.hosts, .desiredHosts, .actualVMs, .history])
        ) { $0.hostListing(at: session.now()) }
    }
}
