import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct HostReady: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "ready", abstract: "Let a host take VMs again.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The host's name.", completion: .names(.host))
    var name: String

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let id = try cluster.hostNames.find(name)
        try await HostChange(id: id, words: "takes VMs") { host in
            host.state = .ready
            host.reason = nil
        }.write(over: cluster, in: session)
    }
}
