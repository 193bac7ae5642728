import ArgumentParser
import Foundation
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct VMNICCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nic", abstract: "A VM's network interfaces.",
        subcommands: [VMNICList.self, VMNICAttach.self, VMNICDetach.self])
}

struct VMNICList: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List a VM's NICs with their networks and addresses.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The VM's name or id.", completion: .names(.vm))
    var vm: String

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let id = try cluster.vmNames.find(vm)
        let table = NICTable(VMOverview(id, in: cluster), in: cluster)
        let items = zip(table.rows, table.cells).map { row, cells in
            Listing.Item(
                id: "\(row.place)", name: "\(row.place)", labels: [:],
                cells: cells.map { .text($0) }, revisions: [], document: { row.document })
        }
        let columns = NICTable.headings.map { Listing.Column($0) }
        session.screen.output(
            try session.renderer.text(of: Listing(one: "nic", many: "nics", columns, items)))
    }
}

extension NICTable.Row {
    /// For programs.
    fileprivate var document: JSONValue {
        .object([
            "nic": .integer(Int64(place)), "network": .string(network), "mac": .string(mac),
            "addresses": .array(addresses.map { .string($0) }),
            "security_groups": .array(groups.map { .string($0) }),
            "interface": JSONValue(interface),
        ])
    }
}

struct VMNICAttach: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "attach", abstract: "Give a VM one more NIC.",
        discussion: "What it is like: \(NICText.help).")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The VM's name or id.", completion: .names(.vm))
    var vm: String

    @Argument(help: "Such as network=blue,group=web.", transform: NICText.init)
    var nic: NICText

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let id = try cluster.vmNames.find(vm)
        var change = try NICChange(id, in: cluster)
        let json = try nic.json(in: cluster)
        do throws(FieldProblem) {
            change.attach(try DesiredNIC(proposed: Data(Self.text(json).utf8)))
        } catch {
            throw CommandFailure(.usage, "nic: \(error.problem)", fields: [error])
        }
        try await session.write(try change.patch, of: .vm, id.text, in: cluster)
    }

    /// What came from a command line can be written as JSON.
    private static func text(_ json: JSONValue) -> String { (try? json.line()) ?? "{}" }
}

struct VMNICDetach: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "detach", abstract: "Take a NIC away from a VM.",
        discussion: "Its addresses become free; the VM's other NICs keep theirs.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The VM's name or id.", completion: .names(.vm))
    var vm: String

    @Argument(help: "The NIC's number as vm nic list has it, its MAC address, or its network.")
    var nic: String

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let id = try cluster.vmNames.find(vm)
        var change = try NICChange(id, in: cluster)
        change.detach(try change.place(of: nic, in: cluster))
        try await session.write(try change.patch, of: .vm, id.text, in: cluster)
    }
}
