/// The rules as the kernel has them, and the one transaction that makes them what they are to be.
actor RulesInKernel {
    let commands: HostCommands
    /// What was put there last; nil where that is not known.
    private var current: [String: RuleSet] = [:]

    init(commands: HostCommands) { self.commands = commands }

    /// Puts the rules there in one transaction: of all that is the same nothing is touched.
    func set(_ protection: Protection) async throws(NetworkPlaneError) {
        let wanted = [protection.bridge, protection.host]
        let isKnown = wanted.allSatisfy { current[$0.table] == $0 }
        if isKnown || current.isEmpty {
            if try await hasAll(wanted) {
                current = Dictionary(uniqueKeysWithValues: wanted.map { ($0.table, $0) })
                return
            }
            current = [:]
        }
        let changes = wanted.map { rules in
            current[rules.table].flatMap { rules.change(from: $0) } ?? rules.replacement
        }
        let change = try await commands.attempt("nft", ["-f", "-"], input: changes.joined())
        if change.complaint != nil {
            // Somebody else was at it: what is there is not what was put there.
            current = [:]
            let all = wanted.map(\.replacement).joined()
            try await commands.run("nft", ["-f", "-"], input: all)
        }
        current = Dictionary(uniqueKeysWithValues: wanted.map { ($0.table, $0) })
    }

    private func hasAll(_ wanted: [RuleSet]) async throws(NetworkPlaneError) -> Bool {
        for rules in wanted {
            let words = rules.table.split(separator: " ").map(String.init)
            let found = try await commands.attempt("nft", ["list", "chain"] + words + [rules.mark])
            if found.complaint != nil { return false }
        }
        return true
    }

    /// Takes both tables away, if they are there.
    func remove() async throws(NetworkPlaneError) {
        let lines = [Protection.bridgeTable, Protection.hostTable].map {
            "table \($0)\ndelete table \($0)\n"
        }
        try await commands.run("nft", ["-f", "-"], input: lines.joined())
        current = [:]
    }
}
