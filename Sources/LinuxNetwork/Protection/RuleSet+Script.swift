import MetaStackModel

extension RuleSet {
    /// What tells this content from another, as the name of an empty chain: how whoever comes later
    /// knows what the kernel has.
    var mark: String {
        var hash = StableHash()
        for line in body { hash.combine(line) }
        return "content_" + String(hash.finalize(), radix: 16)
    }

    /// Puts all of it in place of what the table has.
    var replacement: String {
        // The first line makes a table where there is none, so that the second finds one.
        """
        table \(table)
        delete table \(table)
        table \(table) {
        \((body + ["chain \(mark) {", "}"]).joined(separator: "\n"))
        }

        """
    }

    private var body: [String] {
        var lines: [String] = []
        for (name, collection) in collections.sorted(by: { $0.key < $1.key }) {
            lines += ["\(collection.noun) \(name) {", "type \(collection.type)"]
            if !collection.details.isEmpty { lines.append(collection.details) }
            if !collection.elements.isEmpty {
                lines.append("elements = \(collection.list(collection.elements.keys))")
            }
            lines.append("}")
        }
        // Base chains last, and the chains that they go to before them.
        let ordered =
            chains.filter { $0.value.hook == nil }.sorted { $0.key < $1.key }
            + chains.filter { $0.value.hook != nil }.sorted { $0.key < $1.key }
        for (name, chain) in ordered {
            lines.append("chain \(name) {")
            if let hook = chain.hook { lines.append(hook) }
            lines += chain.rules + ["}"]
        }
        return lines
    }

    /// Makes this of what the table has, and leaves alone what is the same; nil where it must be
    /// replaced. It fails as a whole where the table has something else.
    func change(from old: RuleSet) -> String? {
        guard table == old.table, isSameInShape(as: old) else { return nil }
        var lines: [String] = []
        // Fails where the old content is not what is there.
        lines.append("flush chain \(table) \(old.mark)")
        if mark != old.mark { lines.append("add chain \(table) \(mark)") }
        for (name, chain) in chains.sorted(by: { $0.key < $1.key }) where old.chains[name] == nil {
            lines.append("add chain \(table) \(name)" + (chain.hook.map { " { \($0); }" } ?? ""))
        }
        for (name, new) in collections.sorted(by: { $0.key < $1.key }) {
            if old.collections[name] == nil {
                let details = new.details.isEmpty ? "" : " \(new.details);"
                lines.append("add \(new.noun) \(table) \(name) { type \(new.type);\(details) }")
            }
            lines += elements(name, old.collections[name]?.elements ?? [:], new)
        }
        for (name, chain) in chains.sorted(by: { $0.key < $1.key })
        where chain.rules != old.chains[name]?.rules {
            if old.chains[name] != nil { lines.append("flush chain \(table) \(name)") }
            lines += chain.rules.map { "add rule \(table) \(name) \($0)" }
        }
        let gone = old.chains.keys.filter { chains[$0] == nil }.sorted()
        lines += gone.map { "flush chain \(table) \($0)" }
        lines += gone.map { "delete chain \(table) \($0)" }
        for (name, collection) in old.collections.sorted(by: { $0.key < $1.key })
        where collections[name] == nil {
            lines.append("delete \(collection.noun) \(table) \(name)")
        }
        if mark != old.mark { lines.append("delete chain \(table) \(old.mark)") }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Whether what both have is of the same hooks and types, which cannot be changed.
    private func isSameInShape(as old: RuleSet) -> Bool {
        for (name, chain) in chains {
            if let other = old.chains[name], other.hook != chain.hook { return false }
        }
        for (name, collection) in collections {
            if let other = old.collections[name],
                other.type != collection.type || other.details != collection.details
            {
                return false
            }
        }
        return true
    }

    private func elements(
        _ name: String, _ old: [String: String], _ new: Collection
    ) -> [String] {
        let gone = old.filter { new.elements[$0.key] != $0.value }.keys
        let come = new.elements.filter { old[$0.key] != $0.value }.keys
        var lines: [String] = []
        if !gone.isEmpty {
            let list = gone.sorted().joined(separator: ", ")
            lines.append("delete element \(table) \(name) { \(list) }")
        }
        if !come.isEmpty { lines.append("add element \(table) \(name) \(new.list(come))") }
        return lines
    }
}
