import MetaStackManagement
import MetaStackModel
import MetaStackStore

/// A desired record in a person's editor, until it is written or they give up.
///
/// What cannot be written is shown again with the reason on top. So is a record that somebody else
/// has changed meanwhile, with what they changed.
struct RecordEdit {
    private let kind: ResourceKind
    private let id: String
    private let session: CommandSession
    private var cluster: Cluster
    private var stored: DesiredRecord?
    private var comment: [String]
    private var body: String
    /// Why the text as it is cannot be written; nil where it was never tried.
    private var refusal: CommandFailure?

    private enum Outcome {
        case done, again
    }

    init(
        _ kind: ResourceKind, _ id: String, in cluster: Cluster, _ session: CommandSession
    ) throws {
        self.kind = kind
        self.id = id
        self.cluster = cluster
        self.session = session
        stored = cluster.desiredRecord(kind, id)
        if stored == nil, kind != .host, kind != .config {
            let problem = try cluster.malformed[kind.key(id).path]?.description
            throw CommandFailure(
                .failed, problem ?? "\(kind.word) \(id) is deleted, its remains are being removed")
        }
        comment = [
            "\(kind.word) \(id): save to write it, leave it as it is (or empty) to write nothing"
        ]
        body = try Self.text(stored)
    }

    private static func text(_ stored: DesiredRecord?) throws -> String {
        try (stored?.record ?? .object([:])).yaml()
    }

    /// - Throws: `CommandFailure` where nothing was written; it names the file with what the person
    ///   has typed, if they have typed anything.
    mutating func run() async throws {
        let file = EditedFile(name: "\(kind.word)-\(id)")
        do {
            while true {
                try file.write(comment.map { "# \($0.printable)\n" }.joined() + body)
                try await session.editor.open(file.path)
                let text = Self.withoutHead(try file.read())
                if try await take(text) == .done { break }
            }
        } catch let error as CommandFailure where refusal != nil {
            throw CommandFailure(
                error.status, "\(error.description); your text is in \(file.path)",
                fields: error.fields)
        }
        file.remove()
    }

    /// The comment that stands on top is for the person alone.
    private static func withoutHead(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .drop { $0.hasPrefix("#") }.joined(separator: "\n")
    }

    private mutating func take(_ text: String) async throws -> Outcome {
        let isEmpty = text.allSatisfy(\.isWhitespace)
        if isEmpty || text == body {
            if let refusal, !isEmpty { throw refusal }
            session.confirm("nothing was changed")
            return .done
        }
        body = text
        do {
            let values = try YAMLDocuments.read(text, file: "the text")
            guard values.count == 1, let value = values.first else {
                throw CommandFailure(.usage, "the text must be one document")
            }
            let change = try ResourceChange.replace(
                kind, id: id, value, expecting: stored?.revision, in: cluster, at: session.now()
            ).signed(by: session.user)
            guard change.isNeeded else {
                session.confirm("nothing was changed")
                return .done
            }
            return try await write(change)
        } catch let error as CommandFailure {
            refusal = error
            comment = ["it cannot be written: \(error.description)"]
            return .again
        }
    }

    private mutating func write(_ change: ResourceChange) async throws -> Outcome {
        switch try await session.access.write(change.writes, if: change.conditions) {
        case .written(let revision):
            try session.report(
                "\(change.words) is changed", id: id, change.document(at: revision, over: stored))
            return .done
        case .conflict:
            refusal = change.conflict
            cluster = try await session.access.load(.everything)
            let theirs = cluster.desiredRecord(kind, id)
            let difference = UnifiedDiff(try Self.text(stored), try Self.text(theirs))
            stored = theirs
            comment =
                ["somebody else changed it meanwhile; saved again, your text takes its place:"]
                + difference.text().split(separator: "\n").map(String.init)
            return .again
        }
    }
}

extension ResourceChange {
    /// The record as it stands after the write, with its revisions.
    func document(at revision: Revision, over stored: DesiredRecord?) -> JSONValue {
        .object([
            "id": .string(id), "revision": .integer(revision.number),
            "create_revision": .integer((stored?.createRevision ?? revision).number),
            "record": after ?? .null,
        ])
    }
}
