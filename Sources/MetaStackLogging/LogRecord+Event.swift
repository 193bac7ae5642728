import Logging

extension LogRecord {
    /// RFC 5424's limit for a `MSGID`.
    private static let longestEvent = 32
    /// What structured data may take: it stands beside a message that says the same.
    private static let longestStructuredData = 2000
    /// The number that RFC 5612 gives to whoever has none of IANA's.
    private static let structuredID = "metastack@32473"

    /// The event's name: the constant message as one word of at most 32 characters, such as
    /// `guest-resumed`, cut between words.
    var event: String {
        var name = ""
        let words = message.lowercased().split { !$0.isASCII || !($0.isLetter || $0.isNumber) }
        for word in words {
            guard name.utf8.count + word.utf8.count < Self.longestEvent else { break }
            name += (name.isEmpty ? "" : "-") + word
        }
        return name.isEmpty ? "-" : name
    }

    /// The values as RFC 5424's `STRUCTURED-DATA`; `-` where there are none. One that is too long is left
    /// to the message.
    var structuredData: String {
        var data = "[\(Self.structuredID)"
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            let parameter = " \(parameterName(key))=\"\(parameterValue(value.description))\""
            if data.utf8.count + parameter.utf8.count < Self.longestStructuredData {
                data += parameter
            }
        }
        return data.utf8.count > Self.structuredID.utf8.count + 1 ? data + "]" : "-"
    }
}

/// RFC 5424's `SD-NAME`: 1 to 32 printable ASCII characters, without `=`, `]`, quotes and blanks.
private func parameterName(_ key: String) -> String {
    let allowed = key.utf8.prefix(32).map { byte -> UInt8 in
        (33...126).contains(byte) && ![0x22, 0x3d, 0x5d].contains(byte) ? byte : 0x5f
    }
    return allowed.isEmpty ? "_" : String(decoding: allowed, as: UTF8.self)
}

/// RFC 5424's `PARAM-VALUE`: quotes, backslashes and closing brackets have a backslash in front. What
/// would break the line is written as an escape.
private func parameterValue(_ text: String) -> String {
    var value = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"", "\\", "]":
            value += "\\"
            value.unicodeScalars.append(scalar)
        default:
            value += escaped(String(scalar)).replacing("\\", with: "\\\\")
        }
    }
    return value
}
