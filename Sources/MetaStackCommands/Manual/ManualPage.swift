import MetaStackManagement
import MetaStackModel

/// A manual page in the macros of man(7): one for `metastack`, one for each noun with its verbs.
struct ManualPage: Sendable, Equatable {
    /// Such as `metastack-vm`.
    let name: String
    let text: String

    var fileName: String { name + ".1" }

    static func all(_ tree: CommandTree) -> [ManualPage] {
        [ManualPage(overview: tree.command)]
            + tree.command.verbs.map { ManualPage($0, below: tree.command.commandName) }
    }

    private init(overview root: CommandTree.Node) {
        var roff = Roff(root.commandName)
        roff.heading("NAME", line: "\(root.commandName) - \(root.abstract ?? "")")
        roff.heading("SYNOPSIS")
        roff.synopsis([root.commandName], root)
        roff.heading("DESCRIPTION")
        roff.prose(root.discussion)
        roff.heading("COMMANDS")
        for verb in root.verbs {
            let page = "\(root.commandName)-\(verb.commandName)"
            roff.item(bold: page + "(1)", verb.abstract)
        }
        roff.heading("FILES")
        roff.item(
            bold: ManagementConfiguration.defaultFile, "The configuration; all of it has defaults.")
        roff.heading("ENVIRONMENT")
        roff.item(bold: "METASTACK_CONFIG", "Another configuration file.")
        roff.item(bold: "METASTACK_ETCD_ENDPOINTS", "etcd's addresses, separated by commas.")
        roff.item(bold: "NO_COLOR", "Set to anything, it keeps states from being coloured.")
        roff.item(bold: "VISUAL, EDITOR", "The editor of the edit verbs.")
        name = root.commandName
        text = roff.text
    }

    private init(_ noun: CommandTree.Node, below root: String) {
        name = "\(root)-\(noun.commandName)"
        var roff = Roff(name)
        roff.heading("NAME", line: "\(name) - \(noun.abstract ?? "")")
        roff.heading("SYNOPSIS")
        for (words, verb) in noun.allVerbs where verb.verbs.isEmpty {
            roff.synopsis([root, noun.commandName] + words, verb)
        }
        if noun.verbs.isEmpty { roff.synopsis([root, noun.commandName], noun) }
        if let discussion = noun.discussion {
            roff.heading("DESCRIPTION")
            roff.prose(discussion)
        }
        if noun.verbs.isEmpty {
            roff.heading("OPTIONS")
            roff.arguments(noun)
        } else {
            roff.heading("COMMANDS")
            for (words, verb) in noun.allVerbs {
                roff.subheading(([noun.commandName] + words).joined(separator: " "))
                roff.prose(verb.abstract)
                roff.prose(verb.discussion)
                if verb.verbs.isEmpty { roff.arguments(verb) }
            }
        }
        roff.heading("SEE ALSO", line: "\(root)(1)")
        text = roff.text
    }
}

/// Text with the macros of man(7) between.
private struct Roff {
    private(set) var text: String

    init(_ name: String) {
        text =
            ".TH \(Self.escaped(name.uppercased())) 1 \"\" \"metastack \(Version.current)\" "
            + "\"User Commands\"\n"
    }

    mutating func heading(_ title: String, line: String? = nil) {
        text += ".SH \(title)\n"
        if let line { text += Self.line(line) }
    }

    mutating func subheading(_ title: String) { text += ".SS \(Self.escaped(title))\n" }

    /// Paragraphs; lines that are indented or aligned stay as they are.
    mutating func prose(_ prose: String?) {
        guard let prose, !prose.isEmpty else { return }
        var isFilled = true
        text += ".PP\n"
        for line in prose.split(separator: "\n", omittingEmptySubsequences: false) {
            let isProse = !line.hasPrefix("  ") && !line.contains(":  ")
            if isProse != isFilled { text += isProse ? ".fi\n" : ".nf\n" }
            isFilled = isProse
            text += line.isEmpty ? ".PP\n" : Self.line(String(line))
        }
        if !isFilled { text += ".fi\n" }
    }

    mutating func item(bold: String, _ description: String?) {
        text += ".TP\n.B \(Self.escaped(bold))\n" + Self.line(description ?? "")
    }

    mutating func synopsis(_ words: [String], _ command: CommandTree.Node) {
        let arguments = command.shownArguments
        let hasOptions = arguments.contains { $0.kind != .positional }
        let required = arguments.filter { $0.kind == .option && !$0.isOptional }.map(\.usage)
        let positional = arguments.filter { $0.kind == .positional }.map(\.usage)
        let rest =
            (hasOptions ? ["[options]"] : []) + required + positional
            + (command.verbs.isEmpty ? [] : ["command ..."])
        text += ".PP\n.B \(Self.escaped(words.joined(separator: " ")))\n"
        if !rest.isEmpty { text += Self.line(rest.joined(separator: " ")) }
    }

    mutating func arguments(_ command: CommandTree.Node) {
        for argument in command.shownArguments {
            let values = argument.allValues.map { " One of \($0.joined(separator: ", "))." }
            let initial = argument.defaultValue.map { " The default is \($0)." }
            item(
                bold: argument.heading,
                (argument.abstract ?? "") + (values ?? "") + (initial ?? ""))
        }
    }

    /// One line of text; a dot or an apostrophe at its start would be a request.
    private static func line(_ text: String) -> String {
        let text = escaped(text)
        return (text.hasPrefix(".") || text.hasPrefix("'") ? "\\&" : "") + text + "\n"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
    }
}

extension CommandTree.Argument {
    /// Such as `-o, --output <format>`.
    fileprivate var heading: String {
        let value = "<\(valueName ?? "value")>"
        guard kind != .positional else { return value + (isRepeating ? "..." : "") }
        let words = (names ?? []).map(\.text).sorted { $0.count < $1.count }
            .joined(separator: ", ")
        return kind == .option ? "\(words) \(value)" : words
    }

    /// Such as `[name]`.
    fileprivate var usage: String {
        let value = "<\(valueName ?? "value")>" + (isRepeating ? "..." : "")
        let word = kind == .positional ? value : "\(preferredName?.text ?? "") \(value)"
        return isOptional ? "[\(word)]" : word
    }
}
