/// A kind of name that reaches a pool, for the check and for its error.
enum NameKind: String {
    case pool, image, snapshot
}

/// The longest name librbd takes, in bytes (`RBD_MAX_IMAGE_NAME_SIZE`).
let longestName = 96

/// Refuses a name that could mean another thing than itself.
///
/// `/` and `@` split Ceph's own notation `pool/image@snapshot`, control characters corrupt logs,
/// and a NUL would silently cut the name short on its way into C.
func validate(_ name: String, as kind: NameKind) throws(CephError) {
    let finding: String? =
        if name.isEmpty {
            "it is empty"
        } else if name.utf8.count > longestName {
            "it has \(name.utf8.count) bytes and \(longestName) are allowed"
        } else if name.unicodeScalars.contains(where: { $0.value < 32 || (127...159) ~= $0.value })
        {
            "it has a control character"
        } else if name.contains(where: { $0 == "/" || $0 == "@" }) {
            "it has a '/' or '@'"
        } else if name == "." || name == ".." {
            "it is a path"
        } else {
            nil
        }
    if let finding {
        throw CephError(.invalid, "use \(kind.rawValue) name", quoted(name), finding)
    }
}

/// A hostile name as one short line for an error.
private func quoted(_ name: String) -> String {
    let shown = name.prefix(longestName).unicodeScalars.map { $0.escaped(asASCII: false) }
    return "'\(shown.joined())'"
}
