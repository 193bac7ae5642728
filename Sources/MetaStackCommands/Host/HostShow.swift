import ArgumentParser
import MetaStackManagement

struct HostShow: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a host and the VMs on it.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The host's name.")
    var name: String

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load()
        let id = try cluster.hostNames.find(name)
        try session.answer(try cluster.document(of: id)) {
            cluster.hostDetails(id, at: session.now())
        }
    }
}
