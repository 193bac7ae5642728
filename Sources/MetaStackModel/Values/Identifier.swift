/// A name that is safe wherever MetaStack puts it: an etcd key, an RBD image, a libvirt domain, a
/// file name, a command's argument.
///
/// One rule for all of them, so that nobody has to remember which characters are fine where:
/// 1 to 64 of the letters `a-z A-Z`, digits, `.`, `_` and `-`, beginning with a letter or digit,
/// never `..` and no dot at the end.
public protocol Identifier: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    /// What the identifier names, for error texts: `VM id`, `host name`.
    static var noun: String { get }
    /// The text itself, already checked.
    var text: String { get }
    /// Takes text that has been checked; use ``init(_:)``.
    init(unchecked text: String)
}

extension Identifier {
    /// Checks and takes a name.
    ///
    /// - Throws: `ValidationError` that names the offending character or the length.
    public init(_ text: String) throws(ValidationError) {
        if let problem = IdentifierRule.problem(with: text) {
            throw ValidationError(subject: Self.noun, found: text, problem: problem)
        }
        self.init(unchecked: text)
    }

    public static func < (left: Self, right: Self) -> Bool { left.text < right.text }

    public var description: String { text }

    public init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// The one rule behind every ``Identifier``.
enum IdentifierRule {
    static let maximumLength = 64

    /// What is wrong with the text, in words that say what to change; nil where nothing is.
    static func problem(with text: String) -> String? {
        let scalars = text.unicodeScalars
        guard let first = scalars.first else { return "it is empty" }
        let length = scalars.count
        guard length <= maximumLength else {
            return "it has \(length) characters, at most \(maximumLength) are allowed"
        }
        guard isLetterOrDigit(first) else { return "it must begin with a letter or a digit" }
        var previous = first
        for scalar in scalars {
            guard isAllowed(scalar) else {
                return "\(scalar.debugDescription) is not allowed, use letters, digits, '.', '_' "
                    + "and '-'"
            }
            if scalar == ".", previous == "." { return "'..' is not allowed" }
            previous = scalar
        }
        return previous == "." ? "it must not end with '.'" : nil
    }

    private static func isLetterOrDigit(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9": true
        default: false
        }
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        isLetterOrDigit(scalar) || scalar == "." || scalar == "_" || scalar == "-"
    }
}

/// Names a VM: the last part of `desired_vms/<vm_id>`.
public struct VMID: Identifier {
    public static let noun = "VM id"
    public let text: String
    public init(unchecked text: String) { self.text = text }
}

/// Names a node, and so a host: its `node.name`.
public struct HostID: Identifier {
    public static let noun = "host name"
    public let text: String
    public init(unchecked text: String) { self.text = text }
}

/// Names an image: the last part of `images/<image_id>`.
public struct ImageID: Identifier {
    public static let noun = "image id"
    public let text: String
    public init(unchecked text: String) { self.text = text }
}

/// Names a flavour: the last part of `vm_flavours/<flavour_id>`.
public struct FlavourID: Identifier {
    public static let noun = "flavour id"
    public let text: String
    public init(unchecked text: String) { self.text = text }
}

/// Names an SSH key: the last part of `ssh_keys/<name>`.
public struct SSHKeyID: Identifier {
    public static let noun = "ssh-key name"
    public let text: String
    public init(unchecked text: String) { self.text = text }
}

/// Names a network: the last part of `networks/<network_id>`.
public struct NetworkID: Identifier {
    public static let noun = "network id"
    public let text: String
    public init(unchecked text: String) { self.text = text }
}

/// Names a security group: the last part of `security_groups/<id>`.
public struct SecurityGroupID: Identifier {
    public static let noun = "security-group id"
    public let text: String
    public init(unchecked text: String) { self.text = text }
}

/// Names a token of the API: the last part of `tokens/<token_id>`.
public struct TokenID: Identifier {
    public static let noun = "token id"
    public let text: String
    public init(unchecked text: String) { self.text = text }
}

/// What a person calls a VM, an image, a flavour, a network or a security group.
public struct ResourceName: Identifier {
    public static let noun = "name"
    public let text: String
    public init(unchecked text: String) { self.text = text }
}

/// Names a Ceph pool or a bridge, where the same letters are good.
public struct PoolName: Identifier {
    public static let noun = "pool name"
    public let text: String
    public init(unchecked text: String) { self.text = text }
}
