/// One table of nftables: its chains, and its sets and maps.
///
/// A value that can be written as a whole or as the difference from another one; either is one
/// transaction, so that no packet meets a half of it.
struct RuleSet: Sendable, Equatable {
    struct Chain: Sendable, Equatable {
        /// What makes it a base chain, such as `type filter hook input priority 0`.
        var hook: String?
        var rules: [String]
    }

    struct Collection: Sendable, Equatable {
        /// nftables' type: of a set's elements, or of a map's keys and values.
        var type: String
        /// What else is said of it, such as `size 16; timeout 1m`.
        var details = ""
        /// The elements, with a map's values; those of a set have none.
        var elements: [String: String] = [:]
        var isMap: Bool { type.contains(" : ") }
        var noun: String { isMap ? "map" : "set" }
    }

    /// Its family and name, such as `bridge metastack`.
    let table: String
    var collections: [String: Collection] = [:]
    var chains: [String: Chain] = [:]

    init(_ table: String) { self.table = table }

    mutating func addSet(_ name: String, _ type: String, _ elements: some Sequence<String>) {
        collections[name] = Collection(
            type: type, elements: Dictionary(elements.map { ($0, "") }) { first, _ in first })
    }

    mutating func add(_ chain: String, hook: String? = nil, _ rules: [String]) {
        chains[chain] = Chain(hook: hook, rules: rules)
    }
}

extension RuleSet.Collection {
    func list(_ keys: some Sequence<String>) -> String {
        let items = keys.sorted().map { key in
            if isMap, let value = elements[key] { "\(key) : \(value)" } else { key }
        }
        return "{ \(items.joined(separator: ", ")) }"
    }
}
