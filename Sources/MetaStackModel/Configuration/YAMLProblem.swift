import Yams

/// Puts libyaml's errors into one sentence with a line.
public enum YAMLProblem {
    public static func describe(_ error: any Error) -> (line: Int?, text: String) {
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
