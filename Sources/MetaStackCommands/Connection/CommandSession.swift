import MetaStackManagement
import MetaStackModel
import MetaStackStore

/// What a verb works with: the cluster, the screen, the clock and new ids. Tests bring their own.
struct CommandSession: Sendable {
    let access: any ClusterAccess
    let screen: Screen
    let format: OutputFormat
    let quiet: Bool
    /// The wall clock, for ages.
    let now: @Sendable () -> Timestamp
    /// A new id: a UUID in lower case (RFC 9562).
    let newID: @Sendable () -> String
    /// Lets a person change a file.
    var editor = Editor.standard
    /// Who writes, where this program knows it better than the server.
    var user: String?

    var renderer: Renderer { Renderer(format: format, hasColours: screen.hasColours) }

    /// Says that something was done; programs and `--quiet` want no such words.
    func confirm(_ text: String) {
        if format.isForPeople, !quiet { screen.output(text + "\n") }
    }

    func warn(_ text: String) {
        if !quiet { screen.errors("metastack: \(text.printable)\n") }
    }

    /// Names what was made: a sentence, the id alone with `--quiet`, or the record for programs.
    func announce(_ text: String, id: String, _ document: JSONValue) throws {
        if quiet {
            screen.output(id + "\n")
        } else if format.isForPeople {
            screen.output(text + "\n")
        } else {
            try answer(document, name: id) { text }
        }
    }

    /// Says what was changed: a sentence, or the record for programs.
    func report(_ text: String, id: String, _ document: @autoclosure () throws -> JSONValue) throws
    {
        if format.isForPeople { return confirm(text.printable) }
        try answer(try document(), name: id) { text }
    }

    /// Answers with a document for programs, or with text for people.
    func answer(
        _ document: JSONValue, name: String = "", table: @escaping () -> String
    ) throws {
        screen.output(try renderer.text(of: Shown(name: name, document: document, text: table)))
    }

    /// Writes, and takes a lost race for a failure with the given words.
    func write(
        _ writes: [RecordWrite], if conditions: [RecordCondition], orElse conflict: CommandFailure
    ) async throws -> Revision {
        switch try await access.write(writes, if: conditions) {
        case .written(let revision): return revision
        case .conflict: throw conflict
        }
    }
}
