import Crypto
import Foundation
package import MetaStackModel

/// What a token's holder keeps: `mst_`, the token's id, `_`, and 256 random bits in base64url.
///
/// The id in it finds the record without a search; the record has the digest of the whole alone.
package struct TokenSecret: Sendable, Equatable {
    private static let mark = "mst_"
    package let id: TokenID
    package let text: String

    /// A new one.
    package init() {
        var random = SystemRandomNumberGenerator()
        let id = (0..<4).map { _ in String(UInt8.random(in: 16...255, using: &random), radix: 16) }
        let bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
        let secret = Data(bytes).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        self.id = TokenID(unchecked: id.joined())
        text = Self.mark + id.joined() + "_" + secret
    }

    /// Reads what somebody shows; nil where it has no such form.
    package init?(_ text: String) {
        guard text.utf8.count <= 128, text.hasPrefix(Self.mark) else { return nil }
        let rest = text.dropFirst(Self.mark.count)
        guard let end = rest.firstIndex(of: "_") else { return nil }
        do throws(ValidationError) {
            id = try TokenID(String(rest[..<end]))
        } catch {
            return nil
        }
        self.text = text
    }

    /// What the record has of it.
    package var hash: String { "sha256:" + Self.hex(SHA256.hash(data: Data(text.utf8))) }

    /// Something that only its holder can know, for one purpose: the answer to forged forms.
    package func proof(of purpose: String) -> String {
        let key = SymmetricKey(data: Data(text.utf8))
        return Self.hex(HMAC<SHA256>.authenticationCode(for: Data(purpose.utf8), using: key))
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { String(256 + Int($0), radix: 16).dropFirst() }.joined()
    }

    /// Compares without telling by its time how much was right.
    package static func areEqual(_ left: String, _ right: String) -> Bool {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
