/// What a guest's cloud-init shall do at its first boot, as a person wrote it.
///
/// May hold passwords: it is never logged, and no error shows any of it.
public struct UserData: Hashable, Sendable, Codable {
    /// Records stay well below etcd's limit of a request.
    public static let maximumBytes = 64 << 10

    /// What cloud-init takes it for, by how it begins.
    public enum Kind: Sendable {
        /// `#cloud-config`, a YAML mapping.
        case cloudConfig
        /// `#!`, run once.
        case script
        /// Several of the others in one (RFC 2046).
        case mime
        /// What cloud-init knows besides, which is passed on as it is.
        case other
    }

    private static let beginnings: [(text: String, kind: Kind)] = [
        ("#cloud-config-archive", .other), ("#cloud-config", .cloudConfig), ("#!", .script),
        ("content-type:", .mime), ("mime-version:", .mime), ("#include", .other),
        ("#cloud-boothook", .other), ("#part-handler", .other), ("## template:", .other),
    ]

    public let text: String
    public let kind: Kind

    /// Looks at the size and the beginning only, so that many records are read quickly; ``problem``
    /// reads it whole.
    ///
    /// - Throws: `ValidationError`.
    public init(_ text: String) throws(ValidationError) {
        let size = text.utf8.count
        // What may be a secret is not shown.
        func refused(_ problem: String) -> ValidationError {
            ValidationError(subject: "user data", found: "…", problem: problem)
        }
        guard size <= Self.maximumBytes else {
            throw refused("it has \(size) bytes, at most \(Self.maximumBytes) are allowed")
        }
        guard !text.utf8.contains(0) else { throw refused("it must be text, without zero bytes") }
        let beginning = text.prefix(32).lowercased()
        guard let known = Self.beginnings.first(where: { beginning.hasPrefix($0.text) }) else {
            throw refused(
                "it must begin with #cloud-config, with #! as a script does, or with a MIME header")
        }
        self.text = text
        kind = known.kind
    }

    /// Why a guest could not use it, in words; nil where nothing is known against it.
    public var problem: String? {
        switch kind {
        case .cloudConfig: CheckedYAML.problem(text, what: "a cloud-config")
        case .mime: mimeProblem
        case .script:
            text.contains(where: \.isNewline)
                ? nil : "it is one line: the script behind #! is missing"
        case .other: nil
        }
    }

    /// Headers, an empty line, and parts between the lines that the headers name.
    private var mimeProblem: String? {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        let headers = lines.prefix { !$0.isEmpty }.joined(separator: " ")
        guard headers.lowercased().contains("multipart/") else {
            return "its Content-Type is none of multipart/…"
        }
        guard let boundary = Self.boundary(in: headers) else {
            return "its Content-Type names no boundary"
        }
        guard lines.contains(where: { $0 == "--" + boundary }) else {
            return "there is no part: no line is --\(String(boundary.prefix(70)))"
        }
        guard lines.contains(where: { $0.hasPrefix("--\(boundary)--") }) else {
            return "it does not end: no line is --\(String(boundary.prefix(70)))--"
        }
        return nil
    }

    private static func boundary(in headers: String) -> String? {
        guard let name = headers.firstMatch(of: #/(?i)boundary=(?:"([^"]+)"|([^"; ]+))/#) else {
            return nil
        }
        return (name.1 ?? name.2).map(String.init)
    }

    public init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
