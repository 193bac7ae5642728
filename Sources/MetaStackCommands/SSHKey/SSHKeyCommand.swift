import ArgumentParser
import MetaStackManagement

struct SSHKeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ssh-key", abstract: "Public keys that guests let in.",
        subcommands: [
            SSHKeyCreate.self, SSHKeyList.self, SSHKeyShow.self,
            SetCommand<EditedSSHKey>.self, EditCommand<EditedSSHKey>.self, SSHKeyDelete.self,
        ])
}
