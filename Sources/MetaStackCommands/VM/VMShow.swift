import ArgumentParser
import MetaStackManagement

struct VMShow: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show what is wanted of a VM beside what is so.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The VM's name or id.")
    var name: String

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load()
        let id = try cluster.vmNames.find(name)
        let vm = VMOverview(id, in: cluster)
        let status = VMStatus(id, in: cluster)
        try session.answer(try vm.document(status)) {
            VMDetails(vm: vm, status: status, cluster: cluster, now: session.now()).text
        }
    }
}
