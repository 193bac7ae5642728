import ArgumentParser
import MetaStackManagement

struct VMList: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the VMs, wanted and actual taken together.")

    @OptionGroup var global: GlobalOptions

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load()
        try session.answer(try cluster.vmDocument()) { cluster.vmTable(at: session.now()).text }
    }
}
