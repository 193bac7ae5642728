import Foundation
import MetaStackModel

/// The tour of README.md as it stands there: the lines that one types, and what the page shows for them.
struct WrittenTour {
    struct Step {
        let line: String
        /// What the page shows for it; nothing where it leaves that out.
        var said: [String] = []
        /// Whether the page shows that it says nothing: an empty prompt follows.
        var isSilent = false
    }

    let steps: [Step]
    /// The page's VM, and the hosts on which it runs, one after the other.
    let vm: String
    let hosts: [String]

    static func read() throws -> WrittenTour {
        let page = Lab.deploy.appending(path: "../README.md").standardizedFileURL
        return try WrittenTour(String(contentsOf: page, encoding: .utf8))
    }

    init(_ page: String) throws {
        let sections = page.components(separatedBy: "\n## ")
        guard let tour = sections.first(where: { $0.hasPrefix("A tour of ") }) else {
            throw SystemTestError("README.md has no tour")
        }
        let fences = tour.components(separatedBy: "\n```").enumerated()
            .filter { !$0.offset.isMultiple(of: 2) }
        var steps: [Step] = []
        for line in fences.flatMap({ $0.element.split(separator: "\n") }) {
            if line == "$" {
                steps[steps.endIndex - 1].isSilent = true
            } else if line.hasPrefix("$ ") {
                steps.append(Step(line: String(line.dropFirst(2))))
            } else if !steps.isEmpty {
                steps[steps.endIndex - 1].said.append(String(line))
            }
        }
        self.steps = steps
        let said = steps.flatMap(\.said)
        guard let made = said.compactMap({ $0.firstMatch(of: /^created vm web \((.+)\)$/) }).first
        else { throw SystemTestError("the README's tour makes no VM web") }
        vm = String(made.1)
        let seen = said.compactMap { $0.firstMatch(of: /^web +running +(host[0-9])/) }
            .map { String($0.1) }
        hosts = seen.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
        guard hosts.count == 2 else {
            throw SystemTestError("the README's tour shows VM web on \(hosts)")
        }
    }
}

/// What stays of a line of output when what differs from run to run is taken out: numbers, ids, hosts,
/// times, and how far columns are apart.
struct LineShape: Hashable, CustomStringConvertible {
    let description: String

    init(_ line: String) {
        description =
            line
            .replacing(/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z/, with: "TIME")
            .replacing(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, with: "ID")
            .replacing(/([0-9a-f]{2}:){5}[0-9a-f]{2}/, with: "MAC")
            .replacing(/\.[0-9a-f]{16}\b/, with: ".ATTEMPT")
            .replacing(/\bmt[0-9a-z]+n[0-9]+\b/, with: "INTERFACE")
            .replacing(/host[0-9]+/, with: "HOST")
            .replacing(/\b[0-9]+[smhd]\b/, with: "AGE")
            .replacing(/[0-9]+/, with: "N")
            .replacing(/\s+/, with: " ")
            .trimmingCharacters(in: .whitespaces)
    }
}
