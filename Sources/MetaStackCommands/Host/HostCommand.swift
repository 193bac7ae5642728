import ArgumentParser
import MetaStackManagement

struct HostCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "host", abstract: "Hosts that run VMs.",
        subcommands: [
            HostList.self, HostShow.self, HostMaintenance.self, HostReady.self, HostSet.self,
            EditCommand<EditedHost>.self,
        ])
}
