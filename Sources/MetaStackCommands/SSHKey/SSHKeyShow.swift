import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct SSHKeyShow: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a public key and which VMs it may log in to.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var watching: WatchOptions

    @Argument(help: "The key's name.", completion: .names(.sshKey))
    var name: String

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let id = try cluster.sshKeyNames.find(name)
        try await session.show(watching, in: cluster) { cluster in
            guard let resource = try cluster.resource(.sshKey, id.text) else { return nil }
            return Shown(name: resource.name, document: try resource.document) {
                cluster.sshKeyDetails(id)
            }
        }
    }
}
