package import MetaStackModel

/// What a check of the whole deployment has found.
package struct Diagnosis: Sendable, Equatable, Codable {
    /// One check and what it found; nothing where all is well.
    package struct Result: Sendable, Equatable, Codable {
        package let group: Check.Group
        package let name: String
        package let findings: [Finding]

        /// More of one kind than this nobody reads.
        private static let mostShown = 10

        /// What people are shown.
        fileprivate var shown: [Finding] {
            let further = findings.count - Self.mostShown
            guard further > 0, let last = findings.last else { return findings }
            let words = "\(further) more of the check \(name): -o json has all of them"
            return findings.prefix(Self.mostShown) + [Finding(last.weight, nil, words, remedy: nil)]
        }

        package init(_ group: Check.Group, _ name: String, _ findings: [Finding]) {
            self.group = group
            self.name = name
            self.findings = findings
        }
    }

    package let checks: [Result]

    package init(checks: [Result]) { self.checks = checks }

    /// Looks at everything that can be looked at.
    package init(_ patient: Patient) {
        checks = Check.all.compactMap { check in
            check.look(patient).map { Result(check.group, check.name, $0) }
        }
    }

    private var findings: [Finding] { checks.flatMap(\.findings) }

    /// Whether something is wrong. What is only worth knowing is not.
    package var hasProblems: Bool { findings.contains { $0.weight == .problem } }

    /// For programs.
    package var document: JSONValue {
        .object([
            "healthy": .bool(!hasProblems),
            "checks": .array(
                checks.map { check in
                    .object([
                        "group": .string(check.group.rawValue), "name": .string(check.name),
                        "findings": .array(check.findings.map(\.document)),
                    ])
                }),
        ])
    }

    /// For people: what was found, the worst first in each group, each above what to do.
    package var text: String {
        Check.Group.allCases.map { text(of: $0) }.joined() + "\n" + summary + "\n"
    }

    /// What people are shown of a group, the worst first.
    package func findings(in group: Check.Group) -> [Finding] {
        let found = checks.filter { $0.group == group }.flatMap(\.shown)
        return found.filter { $0.weight == .problem } + found.filter { $0.weight == .notice }
    }

    private func text(of group: Check.Group) -> String {
        let checks = checks.filter { $0.group == group }
        let ordered = findings(in: group)
        let title = group.rawValue.uppercased()
        guard !checks.isEmpty else { return "\(title): unknown, the records cannot be read\n" }
        guard !ordered.isEmpty else {
            return "\(title): ok (\(checks.map(\.name).joined(separator: ", ")))\n"
        }
        let lines = ordered.map { finding in
            "  \(finding.weight.word)  \(finding.text.printable)\n"
                + (finding.remedy.map { "     do:  \($0.printable)\n" } ?? "")
        }
        return "\(title):\n" + lines.joined()
    }

    /// How much was found.
    package var summary: String {
        let problems = findings.count { $0.weight == .problem }
        let notices = findings.count - problems
        let words = [(problems, "problem"), (notices, "notice")].filter { $0.0 > 0 }
            .map { "\($0) \($1)" + ($0 == 1 ? "" : "s") }
        return words.isEmpty ? "nothing is wrong" : words.joined(separator: ", ")
    }
}
