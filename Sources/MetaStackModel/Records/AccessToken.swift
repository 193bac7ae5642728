/// Who may use the API, and for what: `tokens/<token_id>`. Written by management only.
///
/// The secret itself is nowhere; whoever reads this record cannot use it.
public struct AccessToken: Record {
    /// What a token's holder may do; each role may do what those before it may.
    public enum Role: String, Codable, Sendable, CaseIterable, Comparable {
        /// Reads everything but tokens.
        case viewer
        /// Writes what is wanted, too.
        case operate = "operator"
        /// Makes and revokes tokens, too.
        case admin

        public static func < (left: Self, right: Self) -> Bool {
            allCases.firstIndex(of: left) ?? 0 < allCases.firstIndex(of: right) ?? 0
        }
    }

    /// Whose it is, or what for.
    public var name: ResourceName
    /// `sha256:` and the hexadecimal digest of the secret.
    public var hash: Checksum
    public var role: Role
    public var createdAt: Timestamp?
    /// From when on it is refused; nil for never.
    public var expiresAt: Timestamp?
    /// When it was used, to some minutes: a record is not written for each request.
    public var lastUsed: Timestamp?
    public var rest: [String: JSONValue]

    public init(
        name: ResourceName, hash: Checksum, role: Role, createdAt: Timestamp? = nil,
        expiresAt: Timestamp? = nil, lastUsed: Timestamp? = nil, rest: [String: JSONValue] = [:]
    ) {
        self.name = name
        self.hash = hash
        self.role = role
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.lastUsed = lastUsed
        self.rest = rest
    }

    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        name = try fields.required("name")
        hash = try fields.required("hash")
        role = try fields.required("role")
        createdAt = try fields.optional("created_at")
        expiresAt = try fields.optional("expires_at")
        lastUsed = try fields.optional("last_used")
        rest = try fields.rest()
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: rest)
        try fields.put("name", name)
        try fields.put("hash", hash)
        try fields.put("role", role)
        try fields.put("created_at", createdAt)
        try fields.put("expires_at", expiresAt)
        try fields.put("last_used", lastUsed)
    }

    public func isExpired(at now: Timestamp) -> Bool { expiresAt.map { $0 <= now } ?? false }
}
