import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct NetworkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "network", abstract: "What guests' NICs hang on, and their addresses.",
        subcommands: [
            NetworkCreate.self, NetworkList.self, NetworkShow.self,
            SetCommand<EditedNetwork>.self, EditCommand<EditedNetwork>.self, NetworkDelete.self,
        ])
}

struct NetworkList: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the networks.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: ListOptions

    func perform(in session: CommandSession) async throws {
        try await session.list(options) { $0.networkListing }
    }
}

struct NetworkShow: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a network, how full it is and who uses it.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var watching: WatchOptions

    @Argument(help: "The network's name or id.", completion: .names(.network))
    var name: String

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let id = try cluster.networkNames.find(name)
        try await session.show(watching, in: cluster) { cluster in
            guard let resource = try cluster.resource(.network, id.text) else { return nil }
            return Shown(name: resource.name, document: try resource.document) {
                cluster.networkDetails(id)
            }
        }
    }
}

struct NetworkDelete: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete a network that no VM uses.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var confirming: ConfirmOptions

    @Argument(help: "The network's name or id.", completion: .names(.network))
    var name: String

    func perform(in session: CommandSession) async throws {
        try await session.delete(.network, name, confirming)
    }
}
