import ArgumentParser
import MetaStackManagement

struct ImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image", abstract: "Disk images that VMs start from.",
        subcommands: [
            ImageAdd.self, ImageList.self, ImageShow.self, SetCommand<EditedImage>.self,
            EditCommand<EditedImage>.self, ImageDelete.self,
        ])
}
