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
