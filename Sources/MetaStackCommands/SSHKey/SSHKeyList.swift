import ArgumentParser
import MetaStackManagement

struct SSHKeyList: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the public keys that guests let in.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: ListOptions

    func perform(in session: CommandSession) async throws {
        try await session.list(options) { $0.sshKeyListing }
    }
}
