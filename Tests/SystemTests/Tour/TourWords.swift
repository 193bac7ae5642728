/// The words of a line as a shell takes them, as far as the README's tour needs it: quotes, `$(…)`, and what
/// is left of a pipe.
struct TourWords {
    private var plain: ArraySlice<String> = []
    private var options: [String: String] = [:]
    /// The words behind the pipe; empty where there is none.
    private let piped: ArraySlice<String>
    /// Whether something was asked for that is not there.
    private var isShort = false

    /// How long one waits, and that one is sure, is everybody's own.
    private static let manners: Set = ["--wait", "--yes"]
    private static let flags: Set = ["--dry-run", "--print-value-only", "--prefix", "--keys-only"]

    init(_ line: String) {
        let all = Self.split(line)
        var rest = all.prefix { $0 != "|" }
        piped = all[rest.endIndex...].dropFirst()
        while let word = rest.popFirst() {
            if Self.manners.contains(word) { continue }
            if Self.flags.contains(word) {
                options[word] = ""
            } else if word.hasPrefix("--") {
                options[word] = rest.popFirst() ?? ""
            } else {
                plain.append(word)
            }
        }
    }

    private static func split(_ line: String) -> [String] {
        var words: [String] = []
        var word = ""
        var quote: Character?
        for sign in line {
            if sign == quote {
                quote = nil
            } else if quote == nil, sign == "\"" || sign == "'" {
                quote = sign
            } else if quote == nil, sign == " ", !word.hasPrefix("$(") || word.hasSuffix(")") {
                words.append(word)
                word = ""
            } else {
                word.append(sign)
            }
        }
        return words + [word]
    }

    /// Whether the line begins so, and what it begins with is read.
    mutating func begin(_ text: String) -> Bool {
        let beginning = text.split(separator: " ").map(String.init)
        guard plain.starts(with: beginning) else { return false }
        plain.removeFirst(beginning.count)
        return true
    }

    /// The next word that is no option's.
    mutating func next() -> String {
        isShort = isShort || plain.isEmpty
        return plain.popFirst() ?? ""
    }

    /// An option's value.
    mutating func option(_ name: String) -> String {
        isShort = isShort || options[name] == nil
        return options.removeValue(forKey: name) ?? ""
    }

    /// Whether an option is there.
    mutating func has(_ name: String) -> Bool { options.removeValue(forKey: name) != nil }

    func isPiped(to text: String) -> Bool { piped.joined(separator: " ") == text }

    /// What the output is searched for; nil where it is not.
    var grep: String? { piped.first == "grep" ? piped.last : nil }

    /// Whether all that was asked for was there, and nothing else.
    var isReadWhole: Bool { !isShort && plain.isEmpty && options.isEmpty }
}
