import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct SSHKeyDelete: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete a public key that no VM names.",
        discussion: "Guests that were given it go on letting it in.")

    @OptionGroup var global: GlobalOptions

    @OptionGroup var confirming: ConfirmOptions

    @Argument(help: "The key's name.", completion: .names(.sshKey))
    var name: String

    func perform(in session: CommandSession) async throws {
        try await session.delete(.sshKey, name, confirming)
    }
}
