import ArgumentParser
import MetaStackManagement
import MetaStackStore

struct AddressCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "address", abstract: "Addresses that VMs hold.",
        discussion: "Nodes give them at a VM's first claim and keep them until it is deleted.",
        subcommands: [AddressList.self, AddressShow.self])
}

struct AddressList: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the addresses that VMs hold.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: ListOptions

    @Option(
        help: ArgumentHelp("Only those of this network.", valueName: "name"),
        completion: .names(.network))
    var network: String?

    @Option(
        help: ArgumentHelp("Only those of this VM.", valueName: "name"), completion: .names(.vm))
    var vm: String?

    func perform(in session: CommandSession) async throws {
        try await session.list(options) { cluster in
            cluster.addressListing(
                of: try network.map { try cluster.networkNames.find($0) },
                heldBy: try vm.map { try cluster.vmNames.find($0) }, at: session.now())
        }
    }
}

struct AddressShow: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show an address and who holds it.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var watching: WatchOptions

    @Argument(
        help: "The address, or ADDRESS@NETWORK where two networks have it.",
        completion: .names(.address))
    var address: String

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let id = try cluster.find(.address, address)
        try await session.show(watching, in: cluster) { cluster in
            guard let resource = try cluster.resource(.address, id) else { return nil }
            return Shown(name: resource.name, document: try resource.document) {
                cluster.addressDetails(id, at: session.now())
            }
        }
    }
}
