import HTTPTypes
import MetaStackManagement
import MetaStackModel
import MetaStackStore

extension WriteService {
    /// Makes a token. Its secret is in the result and nowhere else.
    ///
    /// - Throws: `CommandFailure`, `Problem` (409) where there is one of its name or id, `EtcdError`.
    func make(
        _ order: TokenOrder, by identity: Identity?, from remote: String
    ) async throws -> (secret: TokenSecret, token: AccessToken) {
        let made = try order.token(in: cluster())
        // Still true at the write: the id is new.
        let result = try await store.write(
            [.put(.token(made.secret.id), made.token)], if: [.absent(.token(made.secret.id))])
        guard case .written(let revision) = result else {
            throw Problem(.conflict, "there is a token of that id already, try again")
        }
        note(
            "create", "token \(made.token.name) (\(made.token.role.rawValue))", by: identity,
            from: remote, revision: revision, before: nil, after: made.token.audited)
        await mirror.reach(revision)
        return made
    }

    /// Refuses a token from now on.
    ///
    /// - Parameter word: its id or its name.
    /// - Throws: `CommandFailure`, `Problem`: 404 where there is none, 409 where somebody was faster;
    ///   `EtcdError`.
    func revokeToken(
        _ word: String, by identity: Identity?, from remote: String
    ) async throws {
        let cluster = try cluster()
        let id = TokenID(unchecked: try cluster.tokenNames.find(word).text)
        guard let token = cluster.tokens[id] else {
            throw Problem(.notFound, "there is no token \(id.text.quotedForPeople)")
        }
        // Still true at the write: it is the token that was meant. Its use may be noted any time.
        let result = try await store.write([.delete(.token(id))], if: [.exists(.token(id))])
        guard case .written(let revision) = result else {
            throw Problem(.conflict, "somebody else revoked it meanwhile")
        }
        note(
            "revoke", "token \(token.value.name)", by: identity, from: remote,
            revision: revision, before: token.value.audited, after: nil)
        await mirror.reach(revision)
    }
}

extension AccessToken {
    /// What the audit shows of it: all but the digest of its secret.
    var audited: JSONValue? {
        // Whatever is a record can be written as JSON.
        guard case .object(var fields)? = try? JSONValue(self) else { return nil }
        fields["hash"] = nil
        return .object(fields)
    }
}

extension Cluster {
    /// The tokens by name, then by id.
    var tokensByName: [(TokenID, AccessToken)] {
        tokens.sorted { ($0.value.value.name, $0.key) < ($1.value.value.name, $1.key) }
            .map { ($0.key, $0.value.value) }
    }
}
