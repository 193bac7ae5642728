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
        let cluster = try await session.access.load(.everything)
        let id = try cluster.flavourNames.find(name)
        let flavour = cluster.flavours[id]
        let word = flavour?.value.name.text ?? id.text
        let users = cluster.users(of: id)
        guard users.isEmpty else { throw CommandFailure.inUse("flavour \(word)", by: users) }
        try session.requireYes(to: "delete flavour \(word)?", confirming)
        // Still true at the write: nobody has changed what was read.
        let condition: RecordCondition =
            flavour.map { .unchanged(.flavour(id), since: $0.revision) } ?? .exists(.flavour(id))
        _ = try await session.write(
            [.delete(.flavour(id))], if: [condition], orElse: .changedMeanwhile("flavour \(word)"))
        session.confirm("deleted flavour \(word)")
    }
}
