import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct VMStop: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Ask for a VM to shut down; its disks stay.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var waiting: WaitOptions

    @Argument(help: "The VM's name or id.", completion: .names(.vm))
    var name: String

    func validate() throws { _ = try waiting.condition(outOf: .stopped) }

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let id = try cluster.vmNames.find(name)
        let change = try VMStateChange(id, to: .stop, in: cluster)
        let revision = try await change.write(in: session)
        guard waiting.isOn else { return }
        try await session.wait(for: "vm \(change.name)", from: cluster, atMost: waiting.timeout) {
            VMGoal.stopped(since: revision).progress(of: id, in: $0)
        }
        session.confirm("vm \(change.name) is stopped")
    }
}
