import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct FlavourShow: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a flavour and who uses it.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var watching: WatchOptions

    @Argument(help: "The flavour's name or id.", completion: .names(.flavour))
    var name: String

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let id = try cluster.flavourNames.find(name)
        try await session.show(watching, in: cluster) { cluster in
            guard let resource = try cluster.resource(.flavour, id.text) else { return nil }
            return Shown(name: resource.name, document: try resource.document) {
                cluster.flavourDetails(id)
            }
        }
    }
}
