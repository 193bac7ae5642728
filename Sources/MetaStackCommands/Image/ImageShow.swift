import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct ImageShow: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show an image and who uses it.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var watching: WatchOptions

    @Argument(help: "The image's name or id.", completion: .names(.image))
    var name: String

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let id = try cluster.imageNames.find(name)
        try await session.show(watching, in: cluster) { cluster in
            guard let resource = try cluster.resource(.image, id.text) else { return nil }
            return Shown(name: resource.name, document: try resource.document) {
                cluster.imageDetails(id)
            }
        }
    }
}
