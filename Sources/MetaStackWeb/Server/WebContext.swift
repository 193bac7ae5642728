import Foundation
import HTTPTypes
import Hummingbird
import MetaStackManagement
import MetaStackModel
import NIOCore

/// Who asks: the token's name and what it may do.
struct Identity: Sendable, Equatable {
    let token: TokenID
    let name: String
    let role: AccessToken.Role
    /// What a form of the page has to send back, since a browser sends the cookie by itself.
    let formProof: String
    /// Whether it came by the page's cookie.
    let isByCookie: Bool
}

/// One request's surroundings: where it came from, and who asks once that is known.
struct WebContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The other end's address without its port; `-` where there is none.
    let remote: String
    /// nil on routes that are open to everybody.
    var identity: Identity?

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        remote = source.channel.remoteAddress?.ipAddress ?? "-"
    }

    /// A part of the path, with its escapes undone.
    ///
    /// - Throws: `Problem` where the escapes make no text.
    func part(_ name: String) throws -> String {
        guard let text = coreContext.parameters.get(name)?.removingPercentEncoding, !text.isEmpty
        else { throw Problem(.badRequest, "the path has no \(name), or one that is no text") }
        return text
    }
}
