import Logging

/// One record, rendered as far as all its outputs have in common.
struct LogRecord: Sendable {
    /// When.
    let time: LogTime
    /// How severe.
    let level: Logger.Level
    /// Which logger, as its program named it.
    let label: String
    /// The constant message.
    let message: String
    /// Its values, by key.
    let metadata: Logger.Metadata

    /// Message and values as one line: `session granted lease=77 node="n 1"`.
    var line: String {
        var line = escaped(message)
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            line += " \(plainKey(key))=\(plainValue(value))"
        }
        return line
    }
}

/// RFC 5424's severities, which older syslogs share.
func severity(of level: Logger.Level) -> Int {
    switch level {
    case .trace, .debug: 7
    case .info: 6
    case .notice: 5
    case .warning: 4
    case .error: 3
    case .critical: 2
    }
}

/// The text in one line: control characters, line separators and backslashes as escapes.
func escaped(_ text: String, alsoQuotes: Bool = false) -> String {
    guard text.unicodeScalars.contains(where: { needsEscape($0, alsoQuotes) }) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case _ where !needsEscape(scalar, alsoQuotes): result.unicodeScalars.append(scalar)
        case "\\": result += #"\\"#
        case "\"": result += #"\""#
        case "\n": result += #"\n"#
        case "\r": result += #"\r"#
        case "\t": result += #"\t"#
        default:
            let digits = String(scalar.value, radix: 16)
            result += #"\u"# + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        }
    }
    return result
}

/// All of these are below U+10000, so four hexadecimal digits hold each.
private func needsEscape(_ scalar: Unicode.Scalar, _ alsoQuotes: Bool) -> Bool {
    switch scalar.value {
    case 0..<32, 127..<160: true
    // Line and paragraph separators, and the marks that reverse the direction of a text.
    case 0x2028, 0x2029, 0x202a...0x202e, 0x2066...0x2069: true
    case 0x5c: true
    case 0x22: alsoQuotes
    default: false
    }
}

/// A key is a word: what could end it becomes `_`.
private func plainKey(_ key: String) -> String {
    key.isEmpty ? "_" : String(escaped(key).map { $0 == " " || $0 == "=" || $0 == "\"" ? "_" : $0 })
}

/// A word as it is, anything else in quotes.
private func plainValue(_ value: Logger.MetadataValue) -> String {
    let text = value.description
    let isWord = !text.isEmpty && !text.contains { $0 == " " || $0 == "=" || $0 == "\"" }
    return isWord ? escaped(text) : "\"\(escaped(text, alsoQuotes: true))\""
}
