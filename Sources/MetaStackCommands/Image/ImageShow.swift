import ArgumentParser
import MetaStackManagement

struct ImageShow: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show an image and who uses it.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The image's name or id.")
    var name: String

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load()
        let id = try cluster.imageNames.find(name)
        try session.answer(try cluster.document(of: id)) { cluster.imageDetails(id) }
    }
}
