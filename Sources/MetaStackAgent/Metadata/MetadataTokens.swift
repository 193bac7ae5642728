import Crypto
import Foundation
import MetaStackModel

/// The session tokens of EC2's IMDSv2: given to a guest for a while, and good for that guest alone.
///
/// Nothing is kept of a token: it says until when it is good, signed with a key that only this process
/// has. Those of an agent before this one are good no more; a guest then asks for another, as it
/// does when one has run out.
struct MetadataTokens: Sendable {
    /// In seconds, as EC2 has it.
    static let longest = 21_600

    private let key = SymmetricKey(size: .bits256)

    /// - Parameter seconds: from 1 to ``longest``.
    func token(for vm: VMID, at now: Timestamp, seconds: Int) -> String {
        let end = now.milliseconds + Int64(seconds) * 1000
        let code = HMAC<SHA256>.authenticationCode(for: Self.signed(vm, end), using: key)
        return "\(end).\(Data(code).base64EncodedString())"
    }

    func isGood(_ token: String, for vm: VMID, at now: Timestamp) -> Bool {
        let parts = token.split(separator: ".", maxSplits: 1).map(String.init)
        guard parts.count == 2, let end = Int64(parts[0]), end > now.milliseconds,
            let code = Data(base64Encoded: parts[1])
        else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(
            code, authenticating: Self.signed(vm, end), using: key)
    }

    private static func signed(_ vm: VMID, _ end: Int64) -> Data { Data("\(end) \(vm)".utf8) }
}
