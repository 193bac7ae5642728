import ArgumentParser
import MetaStackManagement
import MetaStackStore

struct VolumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "volume", abstract: "Disks of VMs.",
        discussion: "Nodes make and remove them with the VMs that they belong to.",
        subcommands: [VolumeList.self, VolumeShow.self])
}

struct VolumeList: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the VMs' disks and where they are stored.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: ListOptions

    func perform(in session: CommandSession) async throws {
        try await session.list(options) { try $0.volumeListing() }
    }
}

struct VolumeShow: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a disk and the VM that it belongs to.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var watching: WatchOptions

    @Argument(help: "The volume's name, such as web.root, or id.", completion: .names(.volume))
    var name: String

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let id = try cluster.find(.volume, name)
        try await session.show(watching, in: cluster) { cluster in
            guard let resource = try cluster.resource(.volume, id) else { return nil }
            return Shown(name: resource.name, document: try resource.document) {
                cluster.volumeDetails(resource)
            }
        }
    }
}
