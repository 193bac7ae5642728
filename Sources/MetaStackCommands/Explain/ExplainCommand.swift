import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct ExplainCommand: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say why a VM is where it is, or nowhere.",
        discussion: """
            Each live host, the best first, as the nodes themselves work it out: the load that it would \
            have with the VM (of memory or processors, whichever is fuller), how many of the VM's \
            wishes it leaves unmet, and for those that cannot run it every reason. The VM's own host \
            is marked with *.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The VM's name or id.", completion: .names(.vm))
    var name: String

    @Option(
        help: ArgumentHelp("As if it had this flavour.", valueName: "name"),
        completion: .names(.flavour))
    var flavour: String?

    @Option(
        help: ArgumentHelp("As if this host were gone; may be repeated.", valueName: "name"),
        completion: .names(.host))
    var lost: [String] = []

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let question = try Explanation.Question(lost: lost, flavour: flavour, in: cluster)
        let explanation = try Explanation(
            try cluster.vmNames.find(name), question, in: cluster)
        try session.answer(explanation.document) { explanation.text }
    }
}
