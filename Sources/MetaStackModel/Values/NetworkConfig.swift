import Yams

/// How a guest's cloud-init shall set up its network: network-config version 2 (netplan's), YAML.
public struct NetworkConfig: Hashable, Sendable, Codable {
    public static let maximumBytes = 16 << 10

    public let text: String

    /// Looks at the size only; ``problem`` reads it whole.
    ///
    /// - Throws: `ValidationError`.
    public init(_ text: String) throws(ValidationError) {
        let size = text.utf8.count
        func refused(_ problem: String) -> ValidationError {
            ValidationError(
                subject: "network config", found: String(text.prefix { !$0.isNewline }),
                problem: problem)
        }
        guard size <= Self.maximumBytes else {
            throw refused("it has \(size) bytes, at most \(Self.maximumBytes) are allowed")
        }
        guard !text.utf8.contains(0) else { throw refused("it must be text, without zero bytes") }
        self.text = text
    }

    /// Why a guest could not use it, in words; nil where nothing is known against it.
    public var problem: String? {
        CheckedYAML.problem(text, what: "a network config") { mapping in
            if mapping["network"] != nil {
                return "leave out 'network:' and begin with 'version: 2'"
            }
            return mapping["version"]?.int == 2 ? nil : "it must say 'version: 2'"
        }
    }

    public init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
