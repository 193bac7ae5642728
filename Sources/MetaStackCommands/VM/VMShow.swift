import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct VMShow: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show what is wanted of a VM beside what is so.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var watching: WatchOptions

    @Argument(help: "The VM's name or id.", completion: .names(.vm))
    var name: String

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let id = try cluster.vmNames.find(name)
        try await session.show(watching, in: cluster) { cluster in
            guard cluster.vmIDs.contains(id) else { return nil }
            let vm = VMOverview(id, in: cluster)
            let status = VMStatus(id, in: cluster)
            return Shown(name: vm.name, document: try vm.document(status)) {
                VMDetails(vm: vm, status: status, cluster: cluster, now: session.now()).text
            }
        }
    }
}
