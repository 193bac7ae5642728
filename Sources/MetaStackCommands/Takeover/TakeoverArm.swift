import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct TakeoverArm: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "arm",
        abstract: "Let nodes take over; those that hold back go on at once.",
        discussion:
            "It is written anew where the switch is armed already: that is the word to go on.")

    @OptionGroup var global: GlobalOptions

    @Option(help: ArgumentHelp("Why, for whoever looks later.", valueName: "text"))
    var reason: String?

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let change = try TakeoverSwitchChange(to: .armed, reason: reason)
        try await change.write(over: cluster, in: session)
        let held = TakeoverStatus(cluster).held.map(\.host.text)
        if !held.isEmpty { session.confirm("told to go on: \(held.joined(separator: ", "))") }
    }
}
