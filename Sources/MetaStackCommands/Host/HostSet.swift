import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct HostSet: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change a host's labels and how much it promises.",
        discussion: FieldAssignment.help(.host))

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The host's name.", completion: .names(.host))
    var name: String

    @Argument(
        help: ArgumentHelp(
            "A field and its value; KEY=null or KEY- removes it.", valueName: "key=value"),
        completion: .list(FieldAssignment.keys(.host)), transform: FieldAssignment.init)
    var fields: [FieldAssignment] = []

    @Option(
        help: ArgumentHelp(
            "A label, or its removal as key=; may be repeated.", valueName: "key=value"),
        transform: Label.init)
    var label: [Label] = []

    @Option(
        help: ArgumentHelp(
            "Virtual processors to a real one, from 0.1 to 64.", valueName: "factor"),
        transform: overcommit)
    var vcpuOvercommit: Overcommit?

    @Option(
        help: ArgumentHelp(
            "Memory promised for what there is, from 0.1 to 64.", valueName: "factor"),
        transform: overcommit)
    var ramOvercommit: Overcommit?

    func validate() throws {
        let isEmpty = label.isEmpty && vcpuOvercommit == nil && ramOvercommit == nil
        guard fields.isEmpty, isEmpty else { return }
        throw ArgumentParser.ValidationError(
            "name what to change: KEY=VALUE, --label, --vcpu-overcommit, --ram-overcommit")
    }

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let id = try cluster.hostNames.find(name)
        try await session.set(try fields + options(), of: .host, id.text, in: cluster)
    }

    /// The options as the fields that they mean.
    private func options() throws -> [FieldAssignment] {
        try label.map {
            try FieldAssignment("labels.\($0.key)=\($0.value.isEmpty ? "null" : $0.value)")
        }
            + (vcpuOvercommit.map { [try FieldAssignment("vcpu_overcommit=\($0)")] } ?? [])
            + (ramOvercommit.map { [try FieldAssignment("ram_overcommit=\($0)")] } ?? [])
    }
}

private func overcommit(_ text: String) throws -> Overcommit {
    guard let factor = Double(text) else {
        throw ArgumentParser.ValidationError("\(text) is no number, write it like 8 or 1.5")
    }
    return try Overcommit(factor)
}

/// `key=value` on the command line.
struct Label: Sendable, Equatable {
    let key: String
    let value: String

    /// - Throws: `ValidationError` where it is no such text.
    init(_ text: String) throws {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else {
            throw ArgumentParser.ValidationError("\(text) is no label, write it like rack=7")
        }
        (key, value) = (String(parts[0]), String(parts[1]))
    }
}

extension [Label] {
    /// The labels as records have them; of two with one key the last counts.
    var dictionary: [String: String] {
        Dictionary(map { ($0.key, $0.value) }) { $1 }
    }
}
