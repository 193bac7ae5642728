import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Settings of the whole deployment.",
        discussion: """
            Nodes follow them as they change. takeover, moves, rebalance and syslog_server mean something to \
            them; others are kept for whoever reads them.
            """,
        subcommands: [
            ConfigList.self, ConfigShow.self, ConfigSet.self, ConfigEdit.self, ConfigUnset.self,
        ])

    /// The settings that mean something to a node.
    static let known = KnownSetting.allCases.map(\.rawValue)
}

struct ConfigList: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the settings that somebody made.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: ListOptions

    func perform(in session: CommandSession) async throws {
        try await session.list(options) { try $0.configListing() }
    }
}

struct ConfigShow: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a setting.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var watching: WatchOptions

    @Argument(help: "The setting's name.", completion: .names(.config))
    var name: String

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let id = try cluster.find(.config, name)
        try await session.show(watching, in: cluster) { cluster in
            guard let resource = try cluster.resource(.config, id) else { return nil }
            let text = try cluster.desiredRecord(.config, id)?.record.yaml()
            let message = cluster.malformed[RecordKey.globalConfig(id).path]?.description
            return Shown(name: id, document: try resource.document) {
                text ?? (message.map { $0.printable + "\n" } ?? "")
            }
        }
    }
}

struct ConfigSet: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change fields of a setting, or make it.",
        discussion: "Values are read as YAML: true, 5 and text are what they look like.")

    @OptionGroup var global: GlobalOptions

    @Argument(
        help: "The setting's name.", completion: .list(ConfigCommand.known),
        transform: resourceName)
    var name: ResourceName

    @Argument(
        help: ArgumentHelp(
            "A field and its value; KEY=null or KEY- removes it.", valueName: "key=value"),
        transform: FieldAssignment.init)
    var fields: [FieldAssignment]

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        session.warnOfUnknownSetting(name.text, in: cluster)
        try await session.set(fields, of: .config, name.text, in: cluster)
    }
}

struct ConfigEdit: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "edit", abstract: "Change a setting in an editor, or make it.")

    @OptionGroup var global: GlobalOptions

    @Argument(
        help: "The setting's name.", completion: .list(ConfigCommand.known),
        transform: resourceName)
    var name: ResourceName

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        session.warnOfUnknownSetting(name.text, in: cluster)
        var edit = try RecordEdit(.config, name.text, in: cluster, session)
        try await edit.run()
    }
}

struct ConfigUnset: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "unset", abstract: "Remove a setting, so that its default holds again.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var confirming: ConfirmOptions

    @Argument(help: "The setting's name.", completion: .names(.config))
    var name: String

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let change = try ResourceChange.delete(
            .config, id: try cluster.find(.config, name), in: cluster)
        try session.requireYes(to: "remove the setting \(change.name)?", confirming)
        _ = try await session.write(change)
        session.confirm("removed the setting \(change.name)")
    }
}

extension CommandSession {
    /// Any name may be set, so that a slip is only pointed out.
    fileprivate func warnOfUnknownSetting(_ name: String, in cluster: Cluster) {
        let isThere = cluster.desiredRecord(.config, name) != nil
        guard !isThere, !ConfigCommand.known.contains(name) else { return }
        let near = ConfigCommand.known.nearest(to: name).map { ", did you mean \($0)?" } ?? ""
        warn("no node knows a setting \(name)\(near)")
    }
}
