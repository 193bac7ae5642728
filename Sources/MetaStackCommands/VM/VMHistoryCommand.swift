import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct VMHistoryCommand: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show a VM's takeovers with the time that each step took, and how it ended last.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The VM's name or id.", completion: .names(.vm))
    var name: String

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let id = try cluster.vmNames.find(name)
        let vm = VMOverview(id, in: cluster)
        let past = vm.history.map { VMPast($0.value) }
        try session.answer(try document(vm, past)) {
            "vm \(vm.name) (\(id))".printable + "\n\n"
                + (past?.text ?? "nothing is known of its past: it never ran\n")
        }
    }

    private func document(_ vm: VMOverview, _ past: VMPast?) throws -> JSONValue {
        .object([
            "id": .string(vm.id.text), "name": .string(vm.name),
            "history": try JSONValue(vm.history),
            "takeovers": .array(try past?.timelines.map { try $0.document() } ?? []),
        ])
    }
}
