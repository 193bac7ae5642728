import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct VMDelete: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete a VM and its disks.",
        discussion: "With --wait it returns once its claim and its volumes are gone.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var waiting: WaitOptions

    @OptionGroup var confirming: ConfirmOptions

    @Argument(help: "The VM's name or id.", completion: .names(.vm))
    var name: String

    func validate() throws { _ = try waiting.condition(outOf: .gone) }

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let id = try cluster.vmNames.find(name)
        let vm = VMOverview(id, in: cluster)
        let isWanted =
            vm.desired != nil || cluster.malformed[RecordKey.desiredVM(id).path] != nil
        if isWanted {
            try session.requireYes(to: "delete vm \(vm.name) and its disks?", confirming)
            // Still true at the write: nobody has changed what was read. A record that could not
            // be read has no revision here; that it is there is all that can be compared.
            let condition: RecordCondition =
                vm.desired.map { .unchanged(.desiredVM(id), since: $0.revision) }
                ?? .exists(.desiredVM(id))
            _ = try await session.write(
                [.delete(.desiredVM(id))], if: [condition],
                orElse: .changedMeanwhile("vm \(vm.name)"))
        }
        session.confirm(
            isWanted ? "deleted vm \(vm.name)" : "vm \(vm.name) is being removed already")
        guard waiting.isOn else { return }
        let goal = VMGoal.gone(vm.desired?.createRevision)
        try await session.wait(
            for: "removal of vm \(vm.name)", from: cluster, atMost: waiting.timeout
        ) {
            goal.progress(of: id, in: $0)
        }
        session.confirm("vm \(vm.name) is gone")
    }
}
