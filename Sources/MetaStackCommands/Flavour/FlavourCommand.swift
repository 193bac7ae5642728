import ArgumentParser
import MetaStackManagement

struct FlavourCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flavour", abstract: "Sizes that VMs come in.",
        subcommands: [
            FlavourAdd.self, FlavourList.self, FlavourShow.self,
            SetCommand<EditedFlavour>.self, EditCommand<EditedFlavour>.self, FlavourDelete.self,
        ])
}
