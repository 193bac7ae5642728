import ArgumentParser
import MetaStackManagement

struct FlavourList: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the sizes that VMs come in.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: ListOptions

    func perform(in session: CommandSession) async throws {
        try await session.list(options) { $0.flavourListing }
    }
}
