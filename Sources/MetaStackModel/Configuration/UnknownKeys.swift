/// Finds what nobody asked for in a file or the environment, and says what was probably meant.
struct UnknownKeys {
    /// By section.
    let known: [String: Set<String>]

    func problems(in document: ConfigurationDocument) -> [ConfigurationProblem] {
        document.sections.flatMap { section, entries -> [ConfigurationProblem] in
            guard let keys = known[section] else {
                let line = document.lines[section] ?? nil
                return [problem(.file(document.file, line: line), unknownSection(section))]
            }
            return entries.compactMap { key, entry in
                guard !keys.contains(key) else { return nil }
                let origin = ConfigurationOrigin.file(document.file, line: entry.line)
                return problem(origin, unknownKey(key, in: section, keys))
            }
        }
    }

    /// Variables of the sections that were read; others are somebody else's.
    func problems(in environment: [String: String]) -> [ConfigurationProblem] {
        let variables = Set(
            known.flatMap { section, keys in
                keys.map { ConfigurationReader.variable(section, $0) }
            })
        let prefixes = known.keys.map { ConfigurationReader.variable($0, "") }
        return environment.keys.sorted().compactMap { name in
            guard prefixes.contains(where: name.hasPrefix), !variables.contains(name) else {
                return nil
            }
            return problem(
                .environment(name),
                "there is no such setting" + hint(variables.nearest(to: name)))
        }
    }

    private func unknownSection(_ section: String) -> String {
        let elsewhere = known.keys.sorted().first { known[$0]?.contains(section) == true }
        if let elsewhere {
            return "\(section.quotedForPeople) is no section, write it below '\(elsewhere):'"
        }
        let sections = known.keys.sorted().joined(separator: ", ")
        return "there is no section \(section.quotedForPeople)"
            + (known.keys.nearest(to: section).map { ", did you mean \($0)?" }
                ?? "; the sections are \(sections)")
    }

    private func unknownKey(_ key: String, in section: String, _ keys: Set<String>) -> String {
        let text = "there is no key \(key.quotedForPeople) in \(section)"
        if let near = keys.nearest(to: key) { return text + hint(near) }
        if let other = known.keys.sorted().first(where: { known[$0]?.contains(key) == true }) {
            return text + hint("\(other).\(key)")
        }
        return text + "; its keys are \(keys.sorted().joined(separator: ", "))"
    }

    private func hint(_ name: String?) -> String { name.map { ", did you mean \($0)?" } ?? "" }

    private func problem(_ origin: ConfigurationOrigin, _ text: String) -> ConfigurationProblem {
        ConfigurationProblem(origin: origin, key: nil, text: text)
    }
}
