import ArgumentParser
import Foundation
import MetaStackManagement

struct ManualCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "man",
        abstract: "Write the manual pages, which say what --help says.",
        discussion: """
            metastack man /usr/local/share/man/man1   writes them for man(1)
            metastack man | man -l -                  shows them
            """)

    @Argument(
        help: ArgumentHelp("Where to; standard output without.", valueName: "folder"),
        completion: .directory)
    var folder: String?

    func run() async throws {
        let pages = ManualPage.all(try await CommandTree.metastack())
        guard let folder else {
            return Screen.standard().output(pages.map(\.text).joined())
        }
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            for page in pages {
                try Data(page.text.utf8).write(
                    to: URL(filePath: folder).appending(path: page.fileName))
            }
        } catch let error as CocoaError {
            throw CommandFailure(
                .failed, "cannot write to \(folder): \(error.localizedDescription)")
        }
    }
}
