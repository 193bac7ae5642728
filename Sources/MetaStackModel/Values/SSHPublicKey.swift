public import Foundation

/// A public key as OpenSSH writes it in `authorized_keys`: type and base64, without options and comment.
///
/// Only what every guest's `sshd` takes: a key that it ignores locks its owner out.
public struct SSHPublicKey: Hashable, Sendable, Codable, CustomStringConvertible {
    /// OpenSSH's names of the types, the best first.
    public static let types = [
        "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
        "ssh-rsa", "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com",
    ]
    /// An RSA key of 16384 bits has 2,800.
    public static let maximumBytes = 8192

    /// One of ``types``.
    public let type: String
    /// The key itself (RFC 4253, 6.6), in base64 as it was given.
    public let base64: String
    /// The same in bytes.
    public var blob: Data { Data(base64Encoded: base64) ?? Data() }

    /// Reads `type base64`.
    ///
    /// - Throws: `ValidationError`; it never shows what may be a private key.
    public init(_ text: String) throws(ValidationError) {
        let (key, comment) = try Self.parse(text)
        guard comment == nil else {
            throw Self.refused(text, "a comment stands behind it, which has a field of its own")
        }
        self = key
    }

    /// Reads a line of an `authorized_keys` or `.pub` file, with or without a comment behind the key.
    ///
    /// - Throws: `ValidationError` as ``init(_:)``.
    public static func parse(
        _ text: String
    ) throws(ValidationError) -> (key: SSHPublicKey, comment: String?) {
        guard !text.contains("PRIVATE KEY") else {
            throw refused(
                "…", "it is a private key: give the .pub file, and keep that one to yourself")
        }
        let line = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !line.isEmpty else { throw refused(text, "it is empty") }
        guard line.utf8.count <= maximumBytes else {
            throw refused(
                line, "it has \(line.utf8.count) bytes, at most \(maximumBytes) are allowed")
        }
        guard !line.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else { throw refused(line, "it must be one line without control characters") }
        let words = line.split(separator: " ", maxSplits: 2).map(String.init)
        guard types.contains(words[0]) else {
            throw refused(
                words[0], "it must begin with a type of keys: " + types.joined(separator: ", "))
        }
        guard words.count > 1 else {
            throw refused(line, "the key itself is missing behind its type")
        }
        try check(words[0], words[1])
        let comment = words.count > 2 ? words[2].trimmingCharacters(in: .whitespaces) : ""
        return (
            SSHPublicKey(type: words[0], base64: words[1]), comment.isEmpty ? nil : comment
        )
    }

    private init(type: String, base64: String) {
        self.type = type
        self.base64 = base64
    }

    /// The bytes begin with their own type's name: what was cut off or mixed up does not.
    private static func check(_ type: String, _ base64: String) throws(ValidationError) {
        guard let blob = Data(base64Encoded: base64) else {
            throw refused(base64, "it is no base64; was it cut off?")
        }
        let length = blob.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        guard blob.count > 4 + type.utf8.count, length == type.utf8.count,
            blob.dropFirst(4).prefix(length).elementsEqual(type.utf8)
        else { throw refused(base64, "it is no key of the type \(type)") }
    }

    private static func refused(_ found: String, _ problem: String) -> ValidationError {
        ValidationError(subject: "public key", found: found, problem: problem)
    }

    public var description: String { "\(type) \(base64)" }

    public init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
