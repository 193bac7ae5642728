import ArgumentParser
import MetaStackManagement
import MetaStackModel

struct HostList: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the hosts and what they have promised to VMs.")

    @OptionGroup var global: GlobalOptions

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load()
        let document = {
            JSONValue.array(
                try cluster.hostNames.known.map(\.id).sorted().map { try cluster.document(of: $0) })
        }
        try session.answer(try document()) { cluster.hostTable(at: session.now()).text }
    }
}
