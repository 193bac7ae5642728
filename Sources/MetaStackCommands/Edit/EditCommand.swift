import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

/// A noun whose desired record can be edited and set field by field.
protocol EditedKind {
    static var kind: ResourceKind { get }
}

enum EditedVM: EditedKind { static let kind = ResourceKind.vm }
enum EditedImage: EditedKind { static let kind = ResourceKind.image }
enum EditedFlavour: EditedKind { static let kind = ResourceKind.flavour }
enum EditedSSHKey: EditedKind { static let kind = ResourceKind.sshKey }
enum EditedNetwork: EditedKind { static let kind = ResourceKind.network }
enum EditedSecurityGroup: EditedKind { static let kind = ResourceKind.securityGroup }
enum EditedHost: EditedKind { static let kind = ResourceKind.host }

/// `vm edit` and its kin.
struct EditCommand<Edited: EditedKind>: ClusterCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "edit",
            abstract: "Change what is wanted of a \(Edited.kind.word) in an editor.",
            discussion: """
                The editor is VISUAL, else EDITOR, else vi. The text is checked before it is written; one \
                that cannot be written, or whose record somebody else has changed, is shown again with \
                the reason on top.
                """)
    }

    @OptionGroup var global: GlobalOptions

    @Argument(help: "Its name or id.", completion: .names(Edited.kind))
    var name: String

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let id = try cluster.find(Edited.kind, name)
        var edit = try RecordEdit(Edited.kind, id, in: cluster, session)
        try await edit.run()
    }
}

/// `vm set` and its kin.
struct SetCommand<Edited: EditedKind>: ClusterCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "set",
            abstract: "Change fields of what is wanted of a \(Edited.kind.word).",
            discussion: FieldAssignment.help(Edited.kind))
    }

    @OptionGroup var global: GlobalOptions

    @Argument(help: "Its name or id.", completion: .names(Edited.kind))
    var name: String

    @Argument(
        help: ArgumentHelp(
            "A field and its value; KEY=null or KEY- removes it.", valueName: "key=value"),
        completion: .list(FieldAssignment.keys(Edited.kind)), transform: FieldAssignment.init)
    var fields: [FieldAssignment]

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let id = try cluster.find(Edited.kind, name)
        try await session.set(fields, of: Edited.kind, id, in: cluster)
    }
}

extension CommandSession {
    /// Writes some fields of a desired record anew.
    func set(
        _ fields: [FieldAssignment], of kind: ResourceKind, _ id: String, in cluster: Cluster
    ) async throws {
        let patch = try fields.reduce(JSONValue.object([:])) { patch, field in
            patch.overlaid(with: try field.patch(kind, in: cluster))
        }
        let change = try ResourceChange.patch(kind, id: id, patch, in: cluster, at: now())
            .signed(by: user)
        let stored = cluster.desiredRecord(kind, id)
        guard change.isNeeded else {
            return try report(
                "\(change.words) is so already", id: id,
                change.document(at: stored?.revision ?? cluster.revision, over: stored))
        }
        let revision = try await write(change)
        try report(
            "\(change.words) is changed", id: id, change.document(at: revision, over: stored))
    }
}
