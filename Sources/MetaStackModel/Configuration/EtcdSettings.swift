/// How to reach etcd: the section `etcd`.
public struct EtcdSettings: Sendable, Equatable {
    /// `http://host:port` or `https://host:port`, without a slash at the end; never empty.
    public var endpoints = ["http://127.0.0.1:2379"]
    /// What all keys begin with; begins with a slash and does not end with one.
    public var prefix = "/metastack"
    /// etcd's user; set together with ``passwordFile``.
    public var username: String?
    /// A file with the user's password in its first line.
    public var passwordFile: String?
    /// A PEM file with the authorities that sign etcd's certificates; nil for the system's.
    public var ca: String?
    /// This client's certificate as a PEM file; set together with ``key``.
    public var cert: String?
    /// The certificate's private key as a PEM file.
    public var key: String?

    public init() {}

    init(_ reader: inout ConfigurationReader) {
        endpoints = reader.list("etcd", "endpoints", default: endpoints, Self.endpoint)
        prefix = reader.value("etcd", "prefix", default: prefix, Self.prefix)
        username = reader.optional("etcd", "username", SettingText.word)
        passwordFile = reader.optional("etcd", "password-file", SettingText.path)
        ca = reader.optional("etcd", "ca", SettingText.path)
        cert = reader.optional("etcd", "cert", SettingText.path)
        key = reader.optional("etcd", "key", SettingText.path)
        reader.requireBoth("etcd", ("username", username), ("password-file", passwordFile))
        reader.requireBoth("etcd", ("cert", cert), ("key", key))
    }

    static func endpoint(_ text: String) throws(ValidationError) -> String {
        let form = "write it like http://10.0.0.1:2379"
        guard let scheme = ["https://", "http://"].first(where: text.hasPrefix) else {
            throw SettingText.refuse("endpoint", text, "it must begin with http:// or https://")
        }
        var rest = text.dropFirst(scheme.count)
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        guard !rest.contains("@") else {
            throw SettingText.refuse(
                "endpoint", text, "write the user as etcd.username and etcd.password-file")
        }
        guard !rest.contains(where: { "/?#".contains($0) }) else {
            throw SettingText.refuse("endpoint", text, "it must have no path, \(form)")
        }
        let isHostAlone =
            SettingText.isHostName(rest)
            || (rest.hasPrefix("[") && rest.hasSuffix("]")
                && SettingText.isIPv6(rest.dropFirst().dropLast()))
        guard isHostAlone || SettingText.hostAndPort(rest) != nil else {
            throw SettingText.refuse("endpoint", text, "it names no host and port, \(form)")
        }
        return scheme + rest
    }

    static func prefix(_ text: String) throws(ValidationError) -> String {
        guard text.hasPrefix("/"), !text.hasSuffix("/"), !text.contains("//"),
            text.utf8.count <= 256, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else {
            throw SettingText.refuse(
                "prefix", text, "write it like /metastack: it begins with '/' and ends without one")
        }
        return text
    }
}

extension ConfigurationReader {
    /// Two settings that mean something only together.
    mutating func requireBoth(
        _ section: String, _ one: (key: String, value: String?),
        _ other: (key: String, value: String?)
    ) {
        switch (one.value, other.value) {
        case (.some, nil) where !isWrong(section, other.key):
            note("\(section).\(one.key)", "it needs \(section).\(other.key) beside it")
        case (nil, .some) where !isWrong(section, one.key):
            note("\(section).\(other.key)", "it needs \(section).\(one.key) beside it")
        case (.some, .some), (nil, nil), (.some, nil), (nil, .some): break
        }
    }
}
