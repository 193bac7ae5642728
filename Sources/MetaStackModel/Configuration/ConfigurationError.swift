/// Where a setting's value came from, so that whoever wrote it finds it again.
public enum ConfigurationOrigin: Sendable, Hashable, CustomStringConvertible {
    /// A line of a file, counted from 1; nil where the problem is what the file does not say.
    case file(String, line: Int?)
    /// An environment variable.
    case environment(String)
    /// A flag of the command line, with its dashes.
    case flag(String)

    public var description: String {
        switch self {
        case .file(let file, let line?): "\(file):\(line)"
        case .file(let file, nil): file
        case .environment(let variable): variable
        case .flag(let flag): flag
        }
    }
}

/// One thing that is wrong with a configuration.
public struct ConfigurationProblem: Sendable, Hashable, CustomStringConvertible {
    public let origin: ConfigurationOrigin
    /// Section and key, such as `etcd.prefix`; nil where the whole file is meant.
    public let key: String?
    /// What is wrong and what to write instead.
    public let text: String

    public init(origin: ConfigurationOrigin, key: String?, text: String) {
        self.origin = origin
        self.key = key
        self.text = text
    }

    /// For example `node.yaml:3: etcd.prefix: "a" cannot be used: it must begin with '/'`.
    public var description: String {
        ([origin.description] + (key.map { [$0] } ?? []) + [text]).joined(separator: ": ")
    }
}

/// A configuration that cannot be used: every problem at once, so that one round of editing does.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// In the order of the file's lines, then the environment's and the command line's.
    public let problems: [ConfigurationProblem]

    public init(problems: [ConfigurationProblem]) { self.problems = problems }

    /// One problem a line.
    public var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}
