import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct FlavourDelete: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete a size that no VM uses.")

    @OptionGroup var global: GlobalOptions

    @OptionGroup var confirming: ConfirmOptions

    @Argument(help: "The flavour's name or id.", completion: .names(.flavour))
    var name: String

    func perform(in session: CommandSession) async throws {
        try await session.delete(.flavour, name, confirming)
    }
}
