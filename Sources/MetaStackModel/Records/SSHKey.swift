/// A person's public key, which guests are given by its name: `ssh_keys/<name>`. Written by management
/// only.
public struct SSHKey: Record {
    public static let maximumComment = 256

    public var publicKey: SSHPublicKey
    /// What OpenSSH has behind a key, such as `alice@example.org`; nil for none.
    public var comment: String?
    /// By which people pick it out.
    public var labels: [String: String]
    public var rest: [String: JSONValue]

    /// - Throws: `ValidationError` for a comment that is no short line.
    public init(
        publicKey: SSHPublicKey, comment: String? = nil, labels: [String: String] = [:],
        rest: [String: JSONValue] = [:]
    ) throws(ValidationError) {
        self.publicKey = publicKey
        self.comment = comment
        self.labels = labels
        self.rest = rest
        try check()
    }

    private func check() throws(ValidationError) {
        guard let comment else { return }
        let isLine = !comment.unicodeScalars.contains {
            $0.properties.generalCategory == .control
        }
        guard isLine, comment.unicodeScalars.count <= Self.maximumComment else {
            throw ValidationError(
                subject: "comment", found: comment,
                problem: "it must be one line of at most \(Self.maximumComment) characters")
        }
    }

    /// The line that a guest's `authorized_keys` gets.
    public var line: String { "\(publicKey)" + (comment.map { " \($0)" } ?? "") }

    /// A comment behind the key itself is taken where the record has no other.
    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        let text: String = try fields.required("public_key")
        let own: String? = try fields.optional("comment")
        do throws(ValidationError) {
            let (key, comment) = try SSHPublicKey.parse(text)
            publicKey = key
            self.comment = own.flatMap { $0.isEmpty ? nil : $0 } ?? comment
        } catch {
            throw FieldProblem(path: "public_key", problem: error.description)
        }
        labels = try fields.labels()
        rest = try fields.rest()
        try check()
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: rest)
        try fields.put("public_key", publicKey)
        try fields.put("comment", comment)
        if !labels.isEmpty { try fields.put("labels", labels) }
    }
}
