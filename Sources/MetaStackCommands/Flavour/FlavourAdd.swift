import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct FlavourAdd: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add a size for VMs.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "What to call it; no other flavour may have the name.", transform: resourceName)
    var name: ResourceName

    @Option(help: "Virtual processors.")
    var vcpus: Int

    @Option(
        help: ArgumentHelp("Memory, such as 512MiB or 4GiB.", valueName: "size"),
        transform: { try Mebibytes(text: $0) })
    var ram: Mebibytes

    @Option(
        help: ArgumentHelp("The root disk; else as large as the image.", valueName: "size"),
        transform: { try Mebibytes(text: $0) })
    var disk: Mebibytes?

    @OptionGroup var labels: LabelOptions

    func perform(in session: CommandSession) async throws {
        let flavour = try Flavour(
            name: name, vcpus: vcpus, ram: ram, disk: disk, labels: labels.label.dictionary)
        let cluster = try await session.access.load(.everything)
        try cluster.flavourNames.requireFree(name)
        let id = try FlavourID(session.newID())
        // Still true at the write: the id is new.
        let revision = try await session.write(
            [.put(.flavour(id), flavour)], if: [.absent(.flavour(id))],
            orElse: .changedMeanwhile("flavour \(name)"))
        let stored = Stored(flavour, revision: revision, createRevision: revision)
        try session.announce(
            "added flavour \(name) (\(id))", id: id.text, try JSONValue(id: id.text, stored))
    }
}
