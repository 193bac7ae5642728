import ArgumentParser
import Foundation
import MetaStackManagement
import MetaStackModel
import MetaStackStore

extension CompletionKind {
    /// What is typed of a name: the word, or what stands behind `--option=` in it. Shells put that
    /// before the candidates by themselves.
    static func value(of word: String) -> String {
        guard word.hasPrefix("--"), let sign = word.firstIndex(of: "=") else { return word }
        return String(word[word.index(after: sign)...])
    }

    /// The names of what there is of a kind, asked of the cluster as the key is pressed.
    static func names(_ kind: ResourceKind) -> CompletionKind {
        .custom { (words: [String], _: Int, prefix: String) async in
            await NameCompletion(kind, words).candidates(beginning: value(of: prefix))
        }
    }
}

/// Names for a shell to complete: quick, and silent where it cannot be done.
struct NameCompletion {
    /// Longer than this nobody waits for a key.
    private static let patience = Duration.seconds(1)
    /// More than this nobody reads.
    private static let limit = 1000

    private let kind: ResourceKind
    /// Those options on the line that say where the cluster is.
    let options: GlobalOptions?

    /// - Parameter words: of the command line so far.
    init(_ kind: ResourceKind, _ words: [String]) {
        self.kind = kind
        options = try? GlobalOptions.parse(Self.connecting(words))  // Then there are no names.
    }

    private static func connecting(_ words: [String]) -> [String] {
        let names = ["--config", "--endpoints", "--server", "--token"]
        return words.enumerated().flatMap { place, word -> [String] in
            if names.contains(where: { word.hasPrefix($0 + "=") }) { return [word] }
            guard names.contains(word), place + 1 < words.count else { return [] }
            return [word, words[place + 1]]
        }
    }

    func candidates(beginning prefix: String) async -> [String] {
        guard let options else { return [] }
        let kind = kind
        return await withTaskGroup(of: [String].self) { group in
            let folders = Self.folders(kind)
            group.addTask {
                // Somebody types: an error's words would end in the middle of their line.
                guard let connection = try? Connection(options, quiet: true) else { return [] }
                let cluster = try? await connection.access.load(.folders(folders))
                await connection.close()
                return cluster.map { Self.names(kind, in: $0, beginning: prefix) } ?? []
            }
            group.addTask {
                try? await Task.sleep(for: Self.patience)  // It only ends early with the other.
                return []
            }
            defer { group.cancelAll() }
            return await group.next() ?? []
        }
    }

    /// Where the names stand.
    private static func folders(_ kind: ResourceKind) -> Set<RecordKey.Folder> {
        switch kind {
        case .vm: [.desiredVMs]
        case .image: [.images]
        case .flavour: [.flavours]
        case .host: [.hosts, .desiredHosts]
        case .volume: [.volumes, .desiredVMs]
        case .config: [.globalConfig]
        case .sshKey: [.sshKeys]
        case .network: [.networks]
        case .address: [.addresses, .networks]
        case .securityGroup: [.securityGroups]
        }
    }

    static func names(
        _ kind: ResourceKind, in cluster: Cluster, beginning prefix: String
    ) -> [String] {
        let names =
            switch kind {
            case .vm: cluster.vmNames.known.map { $0.name ?? $0.id.text }
            case .image: cluster.imageNames.known.map { $0.name ?? $0.id.text }
            case .flavour: cluster.flavourNames.known.map { $0.name ?? $0.id.text }
            case .sshKey: cluster.sshKeyNames.known.map { $0.id.text }
            case .host: cluster.hostNames.known.map { $0.id.text }
            case .network: cluster.networkNames.known.map { $0.name ?? $0.id.text }
            case .securityGroup:
                cluster.securityGroupNames.known.map { $0.name ?? $0.id.text }
            case .volume, .address, .config:
                // What cannot be shown cannot be completed.
                ((try? cluster.resources(kind)) ?? []).map(\.name)
            }
        return Array(Set(names.filter { $0.hasPrefix(prefix) }).sorted().prefix(limit))
    }
}
