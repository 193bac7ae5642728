import ArgumentParser
import MetaStackManagement

struct ImageList: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the images and how far their import is.")

    @OptionGroup var global: GlobalOptions

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load()
        try session.answer(try cluster.imageDocument()) { cluster.imageTable.text }
    }
}
