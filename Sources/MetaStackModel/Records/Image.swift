/// A disk image that VMs can start from: `images/<image_id>`. Written by management only.
public struct Image: Record {
    /// How the file at ``Image/url`` is made.
    public enum Format: String, Codable, Sendable {
        case raw
        case qcow2
    }

    public var name: ResourceName
    /// Where nodes fetch it: http, https or file.
    public var url: ImageURL
    /// nil where the fetching node shall find out.
    public var format: Format?
    /// Of the file as it is fetched; nil where nobody said.
    public var checksum: Checksum?
    /// By which people pick it out.
    public var labels: [String: String]
    public var rest: [String: JSONValue]

    public init(
        name: ResourceName, url: ImageURL, format: Format? = nil, checksum: Checksum? = nil,
        labels: [String: String] = [:], rest: [String: JSONValue] = [:]
    ) {
        self.name = name
        self.url = url
        self.format = format
        self.checksum = checksum
        self.labels = labels
        self.rest = rest
    }

    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        name = try fields.required("name")
        url = try fields.required("url")
        format = try fields.optional("format")
        checksum = try fields.optional("checksum")
        labels = try fields.labels()
        rest = try fields.rest()
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: rest)
        try fields.put("name", name)
        try fields.put("url", url)
        try fields.put("format", format)
        try fields.put("checksum", checksum)
        if !labels.isEmpty { try fields.put("labels", labels) }
    }
}

/// Where an image's file is.
public enum ImageURL: Hashable, Sendable, Codable, CustomStringConvertible {
    /// An absolute path that the fetching node can read.
    case file(path: String)
    /// An http or https address.
    case web(String)

    /// Reads `https://…`, `http://…` or `file:///…`.
    ///
    /// - Throws: `ValidationError` where it is none of them or holds blanks or control characters.
    public init(_ text: String) throws(ValidationError) {
        func refuse(_ problem: String) -> ValidationError {
            ValidationError(subject: "image url", found: text, problem: problem)
        }
        guard text.utf8.count <= 4096 else { throw refuse("it is longer than 4096 bytes") }
        if text.hasPrefix("file://") {
            let path = String(text.dropFirst("file://".count))
            guard path.hasPrefix("/"), !path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f })
            else {
                throw refuse("write it like file:///srv/images/debian.qcow2")
            }
            self = .file(path: path)
            return
        }
        guard let scheme = ["https://", "http://"].first(where: text.hasPrefix) else {
            throw refuse("it must begin with https://, http:// or file:///")
        }
        guard !text.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7f }) else {
            throw refuse("blanks, control characters and letters beyond ASCII must be %-encoded")
        }
        guard let next = text.dropFirst(scheme.count).first, next != "/" else {
            throw refuse("it names no host")
        }
        self = .web(text)
    }

    public var description: String {
        switch self {
        case .file(let path): "file://" + path
        case .web(let address): address
        }
    }

    public init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// A SHA-256 checksum (FIPS 180-4), written `sha256:` and 64 hexadecimal digits.
public struct Checksum: Hashable, Sendable, Codable, CustomStringConvertible {
    /// The 64 digits in lower case.
    public let digits: String

    /// Reads `sha256:…` or the bare digits.
    ///
    /// - Throws: `ValidationError` where it is neither.
    public init(_ text: String) throws(ValidationError) {
        let bare = text.hasPrefix("sha256:") ? String(text.dropFirst("sha256:".count)) : text
        let digits = bare.lowercased()
        guard digits.utf8.count == 64, digits.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
            throw ValidationError(
                subject: "checksum", found: text,
                problem: "write it as sha256: and 64 hexadecimal digits")
        }
        self.digits = digits
    }

    public var description: String { "sha256:" + digits }

    public init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
