import Foundation
package import MetaStackModel

/// The kinds of things that people see and change, by the words that they use for them.
///
/// The command line's nouns, the segments of the API's paths and the `kind` of a document are these.
package enum ResourceKind: String, Sendable, Hashable, CaseIterable {
    case vm, image, flavour, host, volume, network, address
    case sshKey = "ssh-key"
    case securityGroup = "security-group"
    /// A setting of the whole deployment, by name.
    case config

    /// As the nouns of commands and the `kind` of documents have it.
    package var word: String { rawValue }

    /// As the paths of the API have it.
    package var plural: String {
        switch self {
        case .vm, .image, .flavour, .host, .volume, .sshKey, .network, .securityGroup:
            rawValue + "s"
        case .address: rawValue + "es"
        case .config: rawValue
        }
    }

    /// Whether its id is its name, which its maker chooses, and is no field of its record.
    package var isNamedByID: Bool {
        switch self {
        case .host, .config, .sshKey: true
        case .vm, .image, .flavour, .volume, .network, .address, .securityGroup: false
        }
    }

    /// Whether management writes it; what nodes write is only shown.
    package var isWritable: Bool { self != .volume && self != .address }

    /// The key of the record that says what is wanted.
    ///
    /// - Throws: `ValidationError` where the text is no id.
    package func key(_ id: String) throws(ValidationError) -> RecordKey {
        switch self {
        case .vm: .desiredVM(try VMID(id))
        case .image: .image(try ImageID(id))
        case .flavour: .flavour(try FlavourID(id))
        case .host: .desiredHost(try HostID(id))
        case .volume: .volume(try VolumeID(id))
        case .sshKey: .sshKey(try SSHKeyID(id))
        case .network: .network(try NetworkID(id))
        case .securityGroup: .securityGroup(try SecurityGroupID(id))
        case .address: .address(try AddressID(word: id))
        // The same rule for all names, so that none has a slash in it.
        case .config: .globalConfig(try ResourceName(id).text)
        }
    }

    /// Reads a record that somebody wants to write.
    ///
    /// - Throws: `FieldProblem` that names the field.
    package func record(_ json: JSONValue, id: String) throws(FieldProblem) -> any Record {
        guard case .object = json else {
            throw FieldProblem(path: "", problem: "a \(word) is an object with fields")
        }
        let data: Data
        do {
            data = try JSONEncoder().encode(json)
        } catch {
            throw FieldProblem(path: "", problem: "it cannot be written as JSON: \(error)")
        }
        switch self {
        case .vm: return try DesiredVM(proposed: data)
        case .image: return try MetaStackModel.Image(proposed: data)
        case .flavour: return try Flavour(proposed: data)
        case .host: return try DesiredHost(proposed: data)
        case .volume: return try Volume(proposed: data)
        case .sshKey: return try SSHKey(proposed: data)
        case .network: return try Network(proposed: data)
        case .securityGroup: return try SecurityGroup(proposed: data)
        case .address: return try HeldAddress(proposed: data)
        case .config:
            switch RecordKey.globalConfig(id) {
            case TakeoverSwitch.key: return try TakeoverSwitch(proposed: data)
            case MoveLimits.key: return try MoveLimits(proposed: data)
            case RebalancePolicy.key: return try RebalancePolicy(proposed: data)
            case SyslogServer.key: return try SyslogServer(proposed: data)
            default: return try GlobalConfig(proposed: data)
            }
        }
    }
}
