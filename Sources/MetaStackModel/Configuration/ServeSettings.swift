/// The API and the web page: the section `serve`, read by `metastack` alone.
public struct ServeSettings: Sendable, Equatable {
    /// Where it listens: an address or a name, and a port.
    public var listen = Listen(host: "127.0.0.1", port: 8480)
    /// The server's certificate chain as a PEM file; set together with ``key``.
    public var cert: String?
    /// The certificate's private key as a PEM file.
    public var key: String?
    /// Whether it may speak plain HTTP to other machines, such as behind a proxy that has TLS.
    public var plainHTTP = false

    public struct Listen: Sendable, Equatable, CustomStringConvertible {
        public var host: String
        public var port: Int

        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }

        public var description: String {
            host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }

        /// Whether only this machine reaches it.
        public var isLoopback: Bool {
            host == "localhost" || host == "::1" || isIPv4Loopback
        }

        /// A name may begin like it, and be anybody's.
        private var isIPv4Loopback: Bool {
            let bytes = host.split(separator: ".", omittingEmptySubsequences: false)
            return bytes.count == 4 && bytes.first == "127"
                && bytes.allSatisfy { UInt8($0) != nil }
        }
    }

    public init() {}

    init(_ reader: inout ConfigurationReader) {
        listen = reader.value("serve", "listen", default: listen, Self.listen)
        cert = reader.optional("serve", "tls-cert", SettingText.path)
        key = reader.optional("serve", "tls-key", SettingText.path)
        plainHTTP = reader.value("serve", "plain-http", default: plainHTTP, SettingText.boolean)
        reader.requireBoth("serve", ("tls-cert", cert), ("tls-key", key))
        if cert == nil, !listen.isLoopback, !plainHTTP, !reader.isWrong("serve", "listen") {
            reader.note(
                "serve.listen",
                "\(listen) is no loopback address: give serve.tls-cert and serve.tls-key, or say "
                    + "serve.plain-http: true where something else encrypts")
        }
    }

    public static func listen(_ text: String) throws(ValidationError) -> Listen {
        guard let (host, port) = SettingText.hostAndPort(text) else {
            throw SettingText.refuse(
                "listen", text, "write it like 127.0.0.1:8480 or [::]:8443")
        }
        return Listen(host: host, port: port)
    }
}
