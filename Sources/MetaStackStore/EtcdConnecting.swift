public import Etcd
import Foundation
public import MetaStackModel

extension EtcdConfiguration {
    /// What the configuration's `etcd` section says; reads the password's file.
    ///
    /// - Throws: `ValidationError` where the password's file cannot be read.
    public init(_ settings: EtcdSettings) throws {
        var credentials: Credentials?
        if let username = settings.username {
            credentials = Credentials(
                username: username, password: try Self.password(settings.passwordFile))
        }
        let hasTLS = settings.ca != nil || settings.cert != nil || settings.key != nil
        self.init(
            endpoints: settings.endpoints, credentials: credentials,
            tls: hasTLS
                ? TLS(ca: settings.ca, certificate: settings.cert, key: settings.key) : nil)
    }

    private static func password(_ file: String?) throws -> String {
        guard let file else {
            throw ValidationError(
                subject: "etcd.username", found: "it alone",
                problem: "name the file that holds its password in etcd.password-file")
        }
        do {
            return try String(contentsOfFile: file, encoding: .utf8)
                .trimmingCharacters(in: .newlines)
        } catch {
            throw ValidationError(
                subject: "etcd.password-file", found: file,
                problem: "the file cannot be read: \(error.localizedDescription)")
        }
    }
}
