import ArgumentParser
import MetaStackManagement

struct VMCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vm", abstract: "Virtual machines.",
        subcommands: [
            VMCreate.self, VMList.self, VMShow.self, VMHistoryCommand.self, VMStart.self,
            VMStop.self, VMMove.self, VMNICCommand.self, SetCommand<EditedVM>.self,
            EditCommand<EditedVM>.self, VMDelete.self,
        ])
}
