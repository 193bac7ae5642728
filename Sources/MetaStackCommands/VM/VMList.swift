import ArgumentParser
import MetaStackManagement
import MetaStackStore

struct VMList: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the VMs, wanted and actual taken together.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: ListOptions

    func perform(in session: CommandSession) async throws {
        try await session.list(options, of: .vmStates) { $0.vmListing(at: session.now()) }
    }
}
