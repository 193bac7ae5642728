/// The rules as the kernel has them, and the one transaction that makes them what they are to be.
actor RulesInKernel {
    let commands: HostCommands
    /// What was put there last, by table; nil where that is not known.
    private var current: [String: RuleSet]?

    init(commands: HostCommands) { self.commands = commands }

    /// Puts the rules there in one transaction: of all that is the same nothing is touched.
    ///
    /// - Parameter inDoubt: whether somebody else may have changed them; then what is there is
    ///   looked at, where they are to stay.
    func set(_ protection: Protection, inDoubt: Bool = true) async throws(NetworkPlaneError) {
        let wanted = protection.rules
        let isSame = current.map { known in wanted.allSatisfy { known[$0.table] == $0 } } ?? true
        if isSame {
            if current != nil, !inDoubt { return }
            if try await hasAll(wanted) { return know(wanted) }
            current = [:]
        }
        let changes = wanted.map { rules in
            current?[rules.table].flatMap { rules.change(from: $0) } ?? rules.replacement
        }
        current = nil
        let change = try await commands.attempt("nft", ["-f", "-"], input: changes.joined())
        if change.complaint != nil {
            // Somebody else was at it: what is there is not what was put there.
            let all = wanted.map(\.replacement).joined()
            try await commands.run("nft", ["-f", "-"], input: all)
        }
        know(wanted)
    }

    private func know(_ rules: [RuleSet]) {
        current = Dictionary(uniqueKeysWithValues: rules.map { ($0.table, $0) })
    }

    private func hasAll(_ wanted: [RuleSet]) async throws(NetworkPlaneError) -> Bool {
        for rules in wanted {
            let words = rules.table.split(separator: " ").map(String.init)
            let found = try await commands.attempt("nft", ["list", "table"] + words)
            if found.complaint != nil || !rules.isWhole(in: found.output) { return false }
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
