public import ArgumentParser
import MetaStackManagement
import MetaStackModel

/// The command `metastack`: writes desired state, shows actual state, and does nothing else.
///
/// Exit status: 0 done, 1 failed, 2 usage, 3 not found, 4 conflict, 5 not reachable, 6 timed
/// out; see ``CommandStatus``.
public struct MetaStackCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "metastack",
        abstract: "Virtual machines on a fleet of hosts.",
        discussion: """
            It writes into etcd what is wanted; metastack-node on each host makes it so. With --server, or \
            after 'metastack login', it goes through a 'metastack serve'.
            A NAME is a name, an id, or the beginning of an id that no other has. --wait=CONDITION is \
            short for --wait-for CONDITION.

            \(CommandStatus.help)
            """,
        version: Version.current,
        subcommands: [
            StatusCommand.self, DoctorCommand.self,
            VMCommand.self, ImageCommand.self, FlavourCommand.self, SSHKeyCommand.self,
            NetworkCommand.self, AddressCommand.self, SecurityGroupCommand.self,
            HostCommand.self,
            VolumeCommand.self,
            EventCommand.self,
            ConfigCommand.self, ApplyCommand.self, DiffCommand.self, TakeoverCommand.self,
            ExplainCommand.self, RebalanceCommand.self,
            ServeCommand.self, TokenCommand.self, LoginCommand.self, LogoutCommand.self,
            CompletionCommand.self, ManualCommand.self,
        ],
        defaultSubcommand: StatusCommand.self)

    public init() {}
}
