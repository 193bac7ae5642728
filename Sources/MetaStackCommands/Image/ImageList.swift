import ArgumentParser
import MetaStackManagement

struct ImageList: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the images and how far their import is.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: ListOptions

    func perform(in session: CommandSession) async throws {
        try await session.list(options) { $0.imageListing }
    }
}
