import ArgumentParser
import MetaStackManagement
import MetaStackStore

struct TakeoverStatusCommand: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the switch, the hosts that hold back, and the VMs that wait.")

    @OptionGroup var global: GlobalOptions

    func perform(in session: CommandSession) async throws {
        let status = TakeoverStatus(try await session.access.load(.everything))
        try session.answer(try status.document()) { status.text(at: session.now()) }
    }
}
