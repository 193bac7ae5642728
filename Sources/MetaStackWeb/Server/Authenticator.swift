import Foundation
import HTTPTypes
import Hummingbird
import Logging
import MetaStackManagement
import MetaStackModel
import MetaStackStore
import Synchronization

/// Tells who asks, by a bearer token (RFC 6750) or by the page's cookie, which holds the same.
///
/// Tokens are looked up in the mirror, so a revoked one is refused as soon as etcd has told, and
/// no request waits for etcd.
struct Authenticator: Sendable {
    static let cookie = "metastack_session"
    /// The field of a form, and the header, that tell a request of the page from a forged one.
    static let proofField = "proof"
    static let proofHeader = HTTPField.Name("X-Form-Proof")

    let mirror: ClusterMirror
    let uses: TokenUses
    let throttle = LoginThrottle()
    let now: @Sendable () -> Timestamp

    /// - Throws: `Problem`: 401 without a token that holds, 403 where its role is too weak, 429
    ///   for an address that has failed too often.
    func require(
        _ role: AccessToken.Role, _ request: Request, _ context: WebContext
    ) throws -> Identity {
        let identity = try identity(of: request, context)
        guard identity.role >= role else {
            throw Problem(
                .forbidden,
                "token \(identity.name) is a \(identity.role.rawValue)'s, "
                    + "this needs the role \(role.rawValue)")
        }
        return identity
    }

    /// - Throws: as ``require(_:_:_:)``.
    func identity(of request: Request, _ context: WebContext) throws -> Identity {
        try requirePatience(of: context.remote)
        if let header = request.headers[.authorization] {
            guard header.lowercased().hasPrefix("bearer ") else {
                throw Self.unauthorized("use a bearer token")
            }
            let text = header.dropFirst("bearer ".count).trimmingCharacters(in: .whitespaces)
            return try identity(of: text, from: context.remote, isByCookie: false)
        }
        if let text = Self.cookie(in: request) {
            return try identity(of: text, from: context.remote, isByCookie: true)
        }
        throw Self.unauthorized("a token is needed; 'metastack token create' makes one")
    }

    /// Whose the secret is that somebody wrote into the page's form.
    ///
    /// - Throws: as ``require(_:_:_:)``.
    func login(_ text: String, _ context: WebContext) throws -> Identity {
        try requirePatience(of: context.remote)
        return try identity(
            of: text.trimmingCharacters(in: .whitespacesAndNewlines), from: context.remote,
            isByCookie: true)
    }

    private func requirePatience(of remote: String) throws {
        guard let left = throttle.wait(remote, at: .now) else { return }
        var problem = Problem(.tooManyRequests, "too many wrong tokens came from \(remote), wait")
        problem.headers[.retryAfter] = "\(left.components.seconds + 1)"
        throw problem
    }

    /// - Parameter text: the secret as it was shown.
    func identity(of text: String, from remote: String, isByCookie: Bool) throws -> Identity {
        guard let cluster = mirror.cluster else {
            throw Problem(.serviceUnavailable, "etcd has not answered yet")
        }
        guard let secret = TokenSecret(text), let token = cluster.tokens[secret.id],
            TokenSecret.areEqual(token.value.hash.description, secret.hash)
        else {
            throttle.failed(remote, at: .now)
            throw Self.unauthorized("that token is not known")
        }
        guard !token.value.isExpired(at: now()) else {
            throw Self.unauthorized("token \(token.value.name) has expired")
        }
        uses.note(secret.id, token, at: now())
        return Identity(
            token: secret.id, name: token.value.name.text, role: token.value.role,
            formProof: secret.proof(of: "form"), isByCookie: isByCookie)
    }

    private static func unauthorized(_ detail: String) -> Problem {
        var problem = Problem(.unauthorized, detail)
        problem.headers[.wwwAuthenticate] = #"Bearer realm="metastack""#
        return problem
    }

    static func cookie(in request: Request) -> String? {
        let pairs = request.headers[values: .cookie].flatMap { $0.split(separator: ";") }
        for pair in pairs {
            let parts = pair.split(separator: "=", maxSplits: 1)
            if parts.count == 2, parts[0].trimmingCharacters(in: .whitespaces) == cookie {
                return String(parts[1]).trimmingCharacters(in: .whitespaces)
            }
        }
        return nil
    }
}

/// Notes when tokens were used, each at most every ``period``: whoever follows etcd sees each write.
final class TokenUses: Sendable {
    static let period: Int64 = 600_000  // milliseconds

    private let noted = Mutex<[TokenID: Timestamp]>([:])
    private let stream: AsyncStream<(TokenID, Stored<AccessToken>)>
    private let continuation: AsyncStream<(TokenID, Stored<AccessToken>)>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(256))
    }

    func note(_ id: TokenID, _ token: Stored<AccessToken>, at now: Timestamp) {
        let isNew = noted.withLock { noted in
            let last = max(
                noted[id]?.milliseconds ?? 0, token.value.lastUsed?.milliseconds ?? 0)
            guard now.milliseconds - last >= Self.period else { return false }
            noted[id] = now
            return true
        }
        guard isNew else { return }
        var used = token
        used.value.lastUsed = now
        continuation.yield((id, used))
    }

    /// Writes what is noted until its task is cancelled. A write that fails is left out: the next
    /// use is noted again.
    func write(to store: ClusterStore, _ logger: Logger) async {
        for await (id, token) in stream {
            do {
                // Still true at the write: nobody has changed or revoked the token.
                _ = try await store.write(
                    [.put(.token(id), token.value)],
                    if: [.unchanged(.token(id), since: token.revision)])
            } catch {
                logger.debug(
                    "a token's use was not noted",
                    metadata: ["token": "\(id)", "error": "\(error)"])
            }
        }
    }
}
