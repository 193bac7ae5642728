import Yams

/// A configuration file as sections of keys, with the line of each: what YAML says, before anybody
/// asks what it means.
///
/// Pure: it is given the text, since the programs read files and tests read none.
struct ConfigurationDocument {
    /// A file is written by a person; more than this is some other file.
    static let maximumBytes = 1 << 20

    struct Entry {
        let node: Node
        let line: Int?
    }

    let file: String
    /// Every key of every section.
    private(set) var sections: [String: [String: Entry]] = [:]
    /// The line of each section's name.
    private(set) var lines: [String: Int?] = [:]
    private(set) var problems: [ConfigurationProblem] = []

    /// Reads YAML 1.1; an empty text is a file with no sections.
    init(yaml: String, file: String) {
        self.file = file
        guard yaml.utf8.count <= Self.maximumBytes else {
            note(
                nil, nil, "it is larger than \(Self.maximumBytes) bytes, so it is no configuration")
            return
        }
        do {
            guard let root = try compose(yaml: yaml) else { return }
            read(root)
        } catch {
            let (line, problem) = YAMLProblem.describe(error)
            note(line, nil, problem)
        }
    }

    private mutating func read(_ root: Node) {
        if Self.isEmpty(root) { return }
        guard case .mapping(let mapping) = root else {
            return note(root.mark?.line, nil, "it must be sections such as 'etcd:', each with keys")
        }
        for (name, section) in mapping {
            guard case .scalar(let scalar) = name else {
                note(name.mark?.line, nil, "a section's name must be a text")
                continue
            }
            lines[scalar.string] = name.mark?.line
            sections[scalar.string] = keys(of: section, in: scalar.string)
        }
    }

    private mutating func keys(of section: Node, in name: String) -> [String: Entry] {
        if Self.isEmpty(section) { return [:] }
        guard case .mapping(let mapping) = section else {
            note(section.mark?.line, name, "it must be a section with keys below it")
            return [:]
        }
        var keys: [String: Entry] = [:]
        for (key, value) in mapping {
            guard case .scalar(let scalar) = key else {
                note(key.mark?.line, name, "a key must be a text")
                continue
            }
            keys[scalar.string] = Entry(node: value, line: key.mark?.line)
        }
        return keys
    }

    private mutating func note(_ line: Int?, _ key: String?, _ text: String) {
        problems.append(
            ConfigurationProblem(origin: .file(file, line: line), key: key, text: text))
    }

    /// Whether there is a key and nothing after it, or YAML's null.
    static func isEmpty(_ node: Node) -> Bool {
        guard case .scalar(let scalar) = node, scalar.style == .plain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }
}

/// Puts libyaml's errors into one sentence with a line.
private enum YAMLProblem {
    static func describe(_ error: any Error) -> (line: Int?, text: String) {
        switch error {
        case YamlError.scanner(_, let problem, let mark, _),
            YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _):
            return (mark.line, "it is no YAML: \(problem)")
        case YamlError.reader(let problem, let offset?, _, let yaml):
            let line = 1 + yaml.prefix(offset).count { $0.isNewline }
            return (line, "it is no YAML: \(problem)")
        case YamlError.reader(let problem, nil, _, _):
            return (nil, "it is no YAML: \(problem)")
        case YamlError.duplicatedKeysInMapping(let names, let context):
            let shown = names.map(\.quotedForPeople).joined(separator: ", ")
            return (context.mark.line, "\(shown) stands here more than once")
        default:
            return (nil, "it is no YAML that can be read")
        }
    }
}
