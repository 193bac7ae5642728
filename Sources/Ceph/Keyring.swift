import FoundationEssentials

/// A keyring file: sections `[client.NAME]` with a line `key = BASE64` each.
struct Keyring {
    let path: String
    private var keys: [String: String] = [:]

    /// - Throws: `CephError` where the file cannot be read; it names the file.
    init(path: String) throws(CephError) {
        self.path = path
        let content: String
        do {
            content = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw Self.unreadable(path, error)
        }
        var section = ""
        for line in content.split(whereSeparator: \.isNewline) {
            let text = line.drop(while: \.isWhitespace)
            if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
                section = String(text[text.index(after: text.startIndex)..<end])
            } else if let equals = text.firstIndex(of: "=") {
                let name = trimmed(text[..<equals])
                if name == "key" { keys[section] = trimmed(text[text.index(after: equals)...]) }
            }
        }
    }

    /// The user's secret key in base64.
    func key(of user: String) throws(CephError) -> String {
        guard let key = keys["client.\(user)"] else {
            throw CephError(
                .notFound, "find key of client.\(user) in", path,
                "it has no section [client.\(user)] with a line 'key = …'")
        }
        guard let bytes = Data(base64Encoded: key), !bytes.isEmpty else {
            throw CephError(.malformed, "read key of client.\(user) in", path, "it is not base64")
        }
        return key
    }

    private static func unreadable(_ path: String, _ error: any Error) -> CephError {
        let code: CephError.Code =
            switch (error as? CocoaError)?.code {
            case .fileReadNoSuchFile, .fileNoSuchFile: .notFound
            case .fileReadNoPermission: .accessDenied
            default: .malformed
            }
        let finding: String =
            switch code {
            case .notFound: "it does not exist"
            case .accessDenied: "this process may not read it"
            default: "it is not a text file"
            }
        return CephError(code, "read keyring", path, finding)
    }
}

private func trimmed(_ text: Substring) -> String {
    let start = text.drop(while: \.isWhitespace)
    let end = start.lastIndex { !$0.isWhitespace }
    return end.map { String(start[...$0]) } ?? ""
}
