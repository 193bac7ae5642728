internal import Yams

/// A value that a flag of the command line gives to a setting.
public struct ConfigurationFlag: Sendable, Hashable {
    /// Section and key, such as `etcd.endpoints`.
    public let key: String
    /// The flag with its dashes, for error texts.
    public let flag: String
    public let value: String

    public init(key: String, flag: String, value: String) {
        self.key = key
        self.flag = flag
        self.value = value
    }
}

/// Reads settings by section and key: a flag beats the environment, the environment beats the file,
/// the file beats the default.
///
/// What is asked for is what is known: ``finish()`` makes a problem of every other key, so that
/// no list of known keys can go out of date. A problem never stops the reading; the default
/// stands in, and nobody sees it, since ``finish()`` throws.
struct ConfigurationReader {
    private let document: ConfigurationDocument
    private let environment: [String: String]
    private let flags: [String: ConfigurationFlag]
    /// What was asked for: the keys of each section.
    private(set) var known: [String: Set<String>] = [:]
    private var problems: [ConfigurationProblem]

    /// An empty environment variable counts as absent.
    init(
        yaml: String, file: String, environment: [String: String], flags: [ConfigurationFlag] = []
    ) {
        document = ConfigurationDocument(yaml: yaml, file: file)
        self.environment = environment.filter { !$0.value.isEmpty }
        self.flags = Dictionary(flags.map { ($0.key, $0) }) { _, last in last }
        problems = document.problems
    }

    /// The environment variable of a setting: `METASTACK_STORAGE_VM_POOL` for `storage.vm-pool`.
    static func variable(_ section: String, _ key: String) -> String {
        "METASTACK_\(section)_\(key)".uppercased().replacing("-", with: "_")
    }

    /// Notes a problem that only several settings together make.
    mutating func note(_ key: String, _ text: String) {
        let parts = key.split(separator: ".").map(String.init)
        let origin = parts.count == 2 ? origin(parts[0], parts[1]) : .file(document.file, line: nil)
        problems.append(ConfigurationProblem(origin: origin, key: key, text: text))
    }

    /// Whether the setting has a problem already, so that nobody adds "it is not set" to it.
    func isWrong(_ section: String, _ key: String) -> Bool {
        problems.contains { $0.key == "\(section).\(key)" }
    }

    /// A setting with a default.
    mutating func value<Value>(
        _ section: String, _ key: String, default value: Value,
        _ parse: (String) throws(ValidationError) -> Value
    ) -> Value {
        optional(section, key, parse) ?? value
    }

    /// A setting that may be absent.
    mutating func optional<Value>(
        _ section: String, _ key: String, _ parse: (String) throws(ValidationError) -> Value
    ) -> Value? {
        guard let (node, origin) = find(section, key) else { return nil }
        guard case .scalar(let scalar) = node else {
            report(origin, section, key, "it must be one value, not a list or a section")
            return nil
        }
        return parsed(scalar.string, origin, section, key, parse)
    }

    /// A list: in the file as YAML's, elsewhere separated by commas. Never empty.
    mutating func list<Value>(
        _ section: String, _ key: String, default values: [Value],
        _ parse: (String) throws(ValidationError) -> Value
    ) -> [Value] {
        guard let (node, origin) = find(section, key) else { return values }
        var items: [(String, ConfigurationOrigin)] = []
        switch node {
        case .sequence(let sequence):
            if sequence.isEmpty { report(origin, section, key, "the list is empty") }
            for item in sequence {
                let place = origin.at(line: item.mark?.line)
                guard case .scalar(let scalar) = item else {
                    report(place, section, key, "each item must be one value")
                    continue
                }
                items.append((scalar.string, place))
            }
        case .scalar(let scalar) where !origin.isFile:
            items = scalar.string.split(separator: ",").map { ($0.trimmed, origin) }
            if items.isEmpty { report(origin, section, key, "the list is empty") }
        default:
            report(origin, section, key, "it must be a list, such as [\"one\", \"two\"]")
            return values
        }
        return items.compactMap { parsed($0.0, $0.1, section, key, parse) }
    }

    /// A mapping of texts: in the file as YAML's, elsewhere `key=value` separated by commas.
    mutating func map(
        _ section: String, _ key: String,
        _ parse: (String) throws(ValidationError) -> String
    ) -> [String: String] {
        guard let (node, origin) = find(section, key) else { return [:] }
        var pairs: [(String, String, ConfigurationOrigin)] = []
        switch node {
        case .mapping(let mapping):
            for (name, value) in mapping {
                let place = origin.at(line: name.mark?.line)
                guard case .scalar(let name) = name, case .scalar(let value) = value else {
                    report(place, section, key, "each entry must be a name and one value")
                    continue
                }
                pairs.append((name.string, value.string, place))
            }
        case .scalar(let scalar) where !origin.isFile:
            for item in scalar.string.split(separator: ",") {
                let parts = item.split(separator: "=", maxSplits: 1).map(\.trimmed)
                guard parts.count == 2 else {
                    report(origin, section, key, "write it like rack=a,row=3")
                    return [:]
                }
                pairs.append((parts[0], parts[1], origin))
            }
        default:
            report(origin, section, key, "it must be a mapping, such as {rack: a}")
        }
        var result: [String: String] = [:]
        for (name, value, place) in pairs {
            let name = parsed(name, place, section, key, parse)
            let value = parsed(value, place, section, key, parse)
            if let name, let value { result[name] = value }
        }
        return result
    }

    /// Ends the reading.
    ///
    /// - Throws: `ConfigurationError` with every problem, unknown keys and variables among them.
    func finish() throws(ConfigurationError) {
        let unknown = UnknownKeys(known: known)
        // What is wrong inside a section that does not exist matters to nobody.
        let relevant = problems.filter { problem in
            problem.key.map { known[$0] != nil || $0.contains(".") } ?? true
        }
        let all =
            relevant + unknown.problems(in: document) + unknown.problems(in: environment)
        guard !all.isEmpty else { return }
        let sorted = all.enumerated().sorted { left, right in
            (left.element.origin.order, left.offset) < (right.element.origin.order, right.offset)
        }
        throw ConfigurationError(problems: sorted.map(\.element))
    }

    private mutating func find(_ section: String, _ key: String) -> (Node, ConfigurationOrigin)? {
        known[section, default: []].insert(key)
        let origin = origin(section, key)
        switch origin {
        case .flag: return flags["\(section).\(key)"].map { (Node($0.value), origin) }
        case .environment(let variable): return environment[variable].map { (Node($0), origin) }
        case .file:
            guard let entry = document.sections[section]?[key] else { return nil }
            if ConfigurationDocument.isEmpty(entry.node) {
                report(origin, section, key, "it has no value; give it one or remove the line")
                return nil
            }
            return (entry.node, origin)
        }
    }

    /// How much whoever said a setting has to say: 0 for the file or nobody, 1 for the environment, 2 for
    /// a flag.
    func rank(_ section: String, _ key: String) -> Int {
        switch origin(section, key) {
        case .file: 0
        case .environment: 1
        case .flag: 2
        }
    }

    /// Where the setting's value comes from, or would come from.
    private func origin(_ section: String, _ key: String) -> ConfigurationOrigin {
        if let flag = flags["\(section).\(key)"] { return .flag(flag.flag) }
        let variable = Self.variable(section, key)
        if environment[variable] != nil { return .environment(variable) }
        return .file(document.file, line: document.sections[section]?[key]?.line)
    }

    private mutating func parsed<Value>(
        _ text: String, _ origin: ConfigurationOrigin, _ section: String, _ key: String,
        _ parse: (String) throws(ValidationError) -> Value
    ) -> Value? {
        do throws(ValidationError) {
            return try parse(text)
        } catch {
            report(
                origin, section, key, "\(text.quotedForPeople) cannot be used: \(error.problem)")
            return nil
        }
    }

    private mutating func report(
        _ origin: ConfigurationOrigin, _ section: String, _ key: String, _ text: String
    ) {
        problems.append(
            ConfigurationProblem(origin: origin, key: "\(section).\(key)", text: text))
    }
}

extension ConfigurationOrigin {
    fileprivate var isFile: Bool {
        if case .file = self { true } else { false }
    }

    /// The same file at another line.
    fileprivate func at(line: Int?) -> Self {
        guard case .file(let file, let old) = self else { return self }
        return .file(file, line: line ?? old)
    }

    /// Lines first and in order, then what the file does not say, then what stands elsewhere.
    fileprivate var order: Int {
        switch self {
        case .file(_, let line?): line
        case .file(_, nil): Int.max - 2
        case .environment: Int.max - 1
        case .flag: Int.max
        }
    }
}

extension Substring {
    fileprivate var trimmed: String {
        let start = drop(while: \.isWhitespace)
        guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(start[...last])
    }
}
