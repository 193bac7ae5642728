package import MetaStackModel

/// A token that somebody asks for.
package struct TokenOrder: Sendable, Equatable {
    package let name: ResourceName
    package let role: AccessToken.Role
    package let createdAt: Timestamp
    package let expiresAt: Timestamp?

    package init(
        name: ResourceName, role: AccessToken.Role, createdAt: Timestamp, expiresAt: Timestamp?
    ) {
        self.name = name
        self.role = role
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }

    /// Reads `{"name": …, "role": …, "expires_in_s": …}`.
    ///
    /// - Throws: `CommandFailure` that names the field.
    package init(_ json: JSONValue, at now: Timestamp) throws(CommandFailure) {
        func refuse(_ field: String, _ problem: String) -> CommandFailure {
            CommandFailure(
                .usage, "\(field): \(problem)",
                fields: [FieldProblem(path: field, problem: problem)])
        }
        guard case .object(let fields) = json else {
            throw CommandFailure(.usage, "a token is asked for by an object with a name and a role")
        }
        let known = ["name", "role", "expires_in_s"]
        if let other = fields.keys.sorted().first(where: { !known.contains($0) }) {
            throw refuse(other, "there is no such field, they are \(known.joined(separator: ", "))")
        }
        guard case .string(let name)? = fields["name"] else {
            throw refuse("name", "it must be a text")
        }
        do throws(ValidationError) {
            self.name = try ResourceName(name)
        } catch {
            throw refuse("name", error.description)
        }
        guard case .string(let word)? = fields["role"],
            let role = AccessToken.Role(rawValue: word)
        else {
            let roles = AccessToken.Role.allCases.map(\.rawValue).joined(separator: ", ")
            throw refuse("role", "it is one of \(roles)")
        }
        self.role = role
        createdAt = now
        switch fields["expires_in_s"] ?? .null {
        case .null: expiresAt = nil
        case .integer(let seconds) where (1...3_153_600_000).contains(seconds):
            expiresAt = Timestamp(milliseconds: now.milliseconds + seconds * 1000)
        default: throw refuse("expires_in_s", "it is a number of seconds above zero")
        }
    }

    /// - Throws: `CommandFailure` (conflict) where there is one of that name.
    package func token(
        in cluster: Cluster
    ) throws(CommandFailure) -> (secret: TokenSecret, token: AccessToken) {
        try cluster.tokenNames.requireFree(name)
        let secret = TokenSecret()
        do throws(ValidationError) {
            return (
                secret,
                AccessToken(
                    name: name, hash: try Checksum(secret.hash), role: role, createdAt: createdAt,
                    expiresAt: expiresAt)
            )
        } catch {
            throw CommandFailure(.failed, error.description)
        }
    }
}

extension Cluster {
    package var tokenNames: NameLookup<TokenID> {
        NameLookup(kind: "token", known: tokens.map { ($0.key, $0.value.value.name.text) })
    }
}
