import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct VMStart: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Ask for a VM to run.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var waiting: WaitOptions

    @Argument(help: "The VM's name or id.", completion: .names(.vm))
    var name: String

    func validate() throws { _ = try waiting.condition(outOf: .running, .claimed) }

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let id = try cluster.vmNames.find(name)
        let change = try VMStateChange(id, to: .start, in: cluster)
        let revision = try await change.write(in: session)
        guard waiting.isOn else { return }
        let goal = VMGoal(
            try waiting.condition(outOf: .running, .claimed), since: revision)
        try await session.wait(for: "vm \(change.name)", from: cluster, atMost: waiting.timeout) {
            goal.progress(of: id, in: $0)
        }
        session.confirm("vm \(change.name) is \(goal.word)")
    }
}
