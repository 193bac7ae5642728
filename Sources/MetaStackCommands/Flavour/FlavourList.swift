import ArgumentParser
import MetaStackManagement
import MetaStackModel

struct FlavourList: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the sizes that VMs come in.")

    @OptionGroup var global: GlobalOptions

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load()
        try session.answer(try cluster.flavourDocument()) { cluster.flavourTable.text }
    }
}
