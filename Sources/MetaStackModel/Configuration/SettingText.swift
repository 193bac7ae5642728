/// Checks of texts that several settings share. Each names what is wrong and what to write.
enum SettingText {
    /// A path of this machine, absolute so that it means the same wherever a program is started.
    static func path(_ text: String) throws(ValidationError) -> String {
        guard text.hasPrefix("/"), !hasControlCharacters(text), text.utf8.count <= 4096 else {
            throw refuse("path", text, "write an absolute path, such as /etc/metastack/ca.pem")
        }
        return text
    }

    /// A short text for a person or another program: not empty, one line, no blanks.
    static func word(_ text: String) throws(ValidationError) -> String {
        guard !text.isEmpty, text.utf8.count <= 256, !hasControlCharacters(text),
            !text.contains(where: \.isWhitespace)
        else {
            throw refuse("word", text, "write 1 to 256 characters without blanks")
        }
        return text
    }

    static func boolean(_ text: String) throws(ValidationError) -> Bool {
        switch text {
        case "true": return true
        case "false": return false
        default: throw refuse("setting", text, "write true or false")
        }
    }

    /// A label's name or value, by the rule of ``Identifier``.
    static func label(_ text: String) throws(ValidationError) -> String {
        if let problem = IdentifierRule.problem(with: text) {
            throw refuse("label", text, problem)
        }
        return text
    }

    /// `host:port`, with the host in brackets where it is an IPv6 address.
    static func hostAndPort(_ text: some StringProtocol) -> (host: String, port: Int)? {
        guard let colon = text.lastIndex(of: ":"),
            let port = port(text[text.index(after: colon)...])
        else { return nil }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
            return isIPv6(host) ? (host, port) : nil
        }
        return isHostName(host) ? (host, port) : nil
    }

    /// Letters, digits, dots and hyphens (RFC 1123); an IPv4 address is one too.
    static func isHostName(_ text: some StringProtocol) -> Bool {
        let allowed = { (character: Character) in
            character.isASCII
                && (character.isLetter || character.isNumber || "-._".contains(character))
        }
        return !text.isEmpty && text.utf8.count <= 253 && text.allSatisfy(allowed)
            && !text.hasPrefix(".") && !text.hasPrefix("-") && !text.contains("..")
    }

    /// Looks like an address in brackets; the resolver has the last word.
    static func isIPv6(_ text: some StringProtocol) -> Bool {
        text.contains(":") && text.utf8.count <= 64
            && text.allSatisfy { $0.isASCII && ($0.isHexDigit || ":.%".contains($0)) }
    }

    static func port(_ text: some StringProtocol) -> Int? {
        guard text.utf8.count <= 5, text.allSatisfy({ $0.isASCII && $0.isNumber }) else {
            return nil
        }
        return Int(text).flatMap { (1...65_535).contains($0) ? $0 : nil }
    }

    static func hasControlCharacters(_ text: String) -> Bool {
        text.utf8.contains { $0 < 0x20 || $0 == 0x7f }
    }

    static func refuse(_ subject: String, _ found: String, _ problem: String) -> ValidationError {
        ValidationError(subject: subject, found: found, problem: problem)
    }

    /// One of an enum's words.
    static func choice<Choice: RawRepresentable & CaseIterable>(
        _ text: String
    ) throws(ValidationError) -> Choice where Choice.RawValue == String {
        if let choice = Choice(rawValue: text) { return choice }
        let words = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        throw refuse("choice", text, "it must be one of \(words)")
    }
}
