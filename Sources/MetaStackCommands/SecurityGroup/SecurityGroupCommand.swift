import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct SecurityGroupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "security-group", abstract: "What guests' NICs may send and get.",
        subcommands: [
            SecurityGroupCreate.self, SecurityGroupList.self, SecurityGroupShow.self,
            SecurityRuleCommand.self, SetCommand<EditedSecurityGroup>.self,
            EditCommand<EditedSecurityGroup>.self, SecurityGroupDelete.self,
        ])
}

struct SecurityGroupList: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the security groups.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: ListOptions

    func perform(in session: CommandSession) async throws {
        try await session.list(options) { $0.securityGroupListing }
    }
}

struct SecurityGroupShow: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a security group's rules and who is in it.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var watching: WatchOptions

    @Argument(help: "The group's name or id.", completion: .names(.securityGroup))
    var name: String

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let id = try cluster.securityGroupNames.find(name)
        try await session.show(watching, in: cluster) { cluster in
            guard let resource = try cluster.resource(.securityGroup, id.text) else { return nil }
            return Shown(name: resource.name, document: try resource.document) {
                cluster.securityGroupDetails(id)
            }
        }
    }
}

struct SecurityGroupDelete: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete a security group that nothing names.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var confirming: ConfirmOptions

    @Argument(help: "The group's name or id.", completion: .names(.securityGroup))
    var name: String

    func perform(in session: CommandSession) async throws {
        try await session.delete(.securityGroup, name, confirming)
    }
}
