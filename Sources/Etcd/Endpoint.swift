import FoundationEssentials
import Glibc

/// A member's client URL, checked.
struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// Scheme, host and port, without a slash at the end.
    let url: String

    var description: String { url }

    /// - Throws: `EtcdError.Code.badConfiguration` with what is wrong about the text.
    init(_ text: String, tls: EtcdConfiguration.TLS?) throws {
        func bad(_ reason: String) -> EtcdError {
            EtcdError(.badConfiguration, "etcd endpoint \"\(text)\" \(reason)")
        }
        let form = "must look like http://10.0.0.1:2379"
        guard text.contains("://") else {
            throw bad("has no http:// or https:// in front: it \(form)")
        }
        guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased()
        else { throw bad("is no URL: it \(form)") }
        guard scheme == "http" || scheme == "https" else {
            throw bad("has the scheme \(scheme): only http and https are spoken")
        }
        guard let host = parts.host, !host.isEmpty else { throw bad("names no host: it \(form)") }
        guard parts.user == nil, parts.password == nil else {
            throw bad("holds a user name: it belongs into the credentials")
        }
        guard parts.path.isEmpty || parts.path == "/", parts.query == nil, parts.fragment == nil
        else {
            throw bad("has something behind the port: it \(form)")
        }
        if let port = parts.port, !(1...65535).contains(port) {
            throw bad("has the port \(port): ports are 1 to 65535")
        }
        if tls != nil, scheme == "http" {
            throw bad("is not encrypted, though TLS files are given: use https://")
        }
        url = text.hasSuffix("/") ? String(text.dropLast()) : text
    }
}

extension EtcdConfiguration {
    /// - Throws: `EtcdError.Code.badConfiguration` for the first thing that cannot work.
    func validatedEndpoints() throws -> [Endpoint] {
        guard !endpoints.isEmpty else {
            throw EtcdError(.badConfiguration, "no etcd endpoint is given: at least one is needed")
        }
        if let tls {
            try Self.requireReadable(tls.ca, "CA")
            try Self.requireReadable(tls.certificate, "certificate")
            try Self.requireReadable(tls.key, "key")
            if (tls.certificate == nil) != (tls.key == nil) {
                throw EtcdError(
                    .badConfiguration, "a TLS certificate and its key are of use only together")
            }
        }
        return try endpoints.map { try Endpoint($0, tls: tls) }
    }

    /// `access`: a clear sentence at the start, rather than a failed handshake later.
    private static func requireReadable(_ path: String?, _ what: String) throws {
        guard let path, access(path, R_OK) != 0 else { return }
        throw EtcdError(
            .badConfiguration,
            "cannot read the TLS \(what) file \(path): \(String(cString: strerror(errno)))")
    }
}
