import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct ImageDelete: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete an image that no VM uses.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var waiting: WaitOptions

    @OptionGroup var confirming: ConfirmOptions

    @Argument(help: "The image's name or id.", completion: .names(.image))
    var name: String

    func validate() throws { _ = try waiting.condition(outOf: .gone) }

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let id = try cluster.imageNames.find(name)
        let image = cluster.images[id]
        let word = image?.value.name.text ?? id.text
        let users = cluster.users(of: id)
        guard users.isEmpty else { throw CommandFailure.inUse("image \(word)", by: users) }
        let isWanted = image != nil || cluster.malformed[RecordKey.image(id).path] != nil
        if isWanted {
            try session.requireYes(to: "delete image \(word)?", confirming)
            // Still true at the write: nobody has changed what was read.
            let condition: RecordCondition =
                image.map { .unchanged(.image(id), since: $0.revision) } ?? .exists(.image(id))
            _ = try await session.write(
                [.delete(.image(id))], if: [condition], orElse: .changedMeanwhile("image \(word)"))
        }
        session.confirm(
            isWanted ? "deleted image \(word)" : "image \(word) is being removed already")
        guard waiting.isOn else { return }
        try await session.wait(
            for: "removal of image \(word)", from: cluster, atMost: waiting.timeout
        ) {
            ImageGoal.gone(id, in: $0)
        }
        session.confirm("image \(word) is gone")
    }
}
