import ArgumentParser
import MetaStackManagement
import MetaStackModel

struct HostSet: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change a host's labels and how much it promises.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The host's name.")
    var name: String

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
        guard label.isEmpty, vcpuOvercommit == nil, ramOvercommit == nil else { return }
        throw ArgumentParser.ValidationError(
            "name what to change: --label, --vcpu-overcommit, --ram-overcommit")
    }

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load()
        let id = try cluster.hostNames.find(name)
        let (labels, vcpus, ram) = (label, vcpuOvercommit, ramOvercommit)
        try await HostChange(id: id, words: "is changed") { host in
            for label in labels { host.labels[label.key] = label.value.isEmpty ? nil : label.value }
            if let vcpus { host.vcpuOvercommit = vcpus }
            if let ram { host.ramOvercommit = ram }
        }.write(over: cluster, in: session)
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
