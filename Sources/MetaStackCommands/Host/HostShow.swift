import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct HostShow: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a host and the VMs on it.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var watching: WatchOptions

    @Argument(help: "The host's name.", completion: .names(.host))
    var name: String

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let id = try cluster.hostNames.find(name)
        try await session.show(watching, in: cluster) { cluster in
            guard let resource = try cluster.resource(.host, id.text) else { return nil }
            return Shown(name: resource.name, document: try resource.document) {
                cluster.hostDetails(id, at: session.now())
            }
        }
    }
}
