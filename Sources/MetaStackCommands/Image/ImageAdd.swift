public import ArgumentParser
import MetaStackManagement
public import MetaStackModel
import MetaStackStore

extension MetaStackModel.Image.Format: ExpressibleByArgument {}

struct ImageAdd: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Ask for an image; a node fetches and converts it.",
        discussion: """
            A file is fetched by a node that can read the same path. A URL begins with https://, \
            http:// or file:///.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var waiting: WaitOptions

    @Argument(help: "What to call it; no other image may have the name.", transform: resourceName)
    var name: ResourceName

    @Argument(
        help: ArgumentHelp("Where it is.", valueName: "file-or-url"), completion: .file())
    var source: String

    @Option(help: "How the file is made; else it is found out.")
    var format: Image.Format?

    @Option(
        help: ArgumentHelp("Of the file: sha256: and 64 digits.", valueName: "sum"),
        transform: { try Checksum($0) })
    var checksum: Checksum?

    @OptionGroup var labels: LabelOptions

    func validate() throws { _ = try waiting.condition(outOf: .ready) }

    func perform(in session: CommandSession) async throws {
        var image = try ImageSource.image(name, source, format: format, checksum: checksum)
        image.labels = labels.label.dictionary
        let cluster = try await session.access.load(.everything)
        try cluster.imageNames.requireFree(name)
        let id = try ImageID(session.newID())
        // Still true at the write: the id is new.
        let revision = try await session.write(
            [.put(.image(id), image)], if: [.absent(.image(id))],
            orElse: .changedMeanwhile("image \(name)"))
        let stored = Stored(image, revision: revision, createRevision: revision)
        try session.announce(
            "added image \(name) (\(id))", id: id.text, try JSONValue(id: id.text, stored))
        guard waiting.isOn else { return }
        try await session.wait(for: "image \(name)", from: cluster, atMost: waiting.timeout) {
            ImageGoal.ready(id, since: revision, in: $0)
        }
        session.confirm("image \(name) is ready")
    }
}
