/// Where a record stands below the prefix. The only place that knows the layout of the keys.
public enum RecordKey: Hashable, Sendable {
    case globalConfig(String)
    case image(ImageID)
    case flavour(FlavourID)
    case desiredVM(VMID)
    case actualVM(VMID)
    case host(HostID)
    case desiredHost(HostID)
    case volume(VolumeID)
    case history(VMID)
    case decline(VMID, HostID)
    case actualImage(ImageID)
    case arrival(VMID)
    case token(TokenID)
    case sshKey(SSHKeyID)
    case network(NetworkID)
    case address(AddressID)
    case securityGroup(SecurityGroupID)

    /// The folders below the prefix, as the published schema names them.
    public enum Folder: String, CaseIterable, Sendable {
        case globalConfig = "global_config"
        case images
        case flavours = "vm_flavours"
        case desiredVMs = "desired_vms"
        case actualVMs = "actual_vms"
        case hosts
        case desiredHosts = "desired_hosts"
        case volumes
        case history = "vm_history"
        case declines
        case actualImages = "actual_images"
        case arrivals
        case tokens
        case sshKeys = "ssh_keys"
        case networks
        case addresses
        case securityGroups = "security_groups"
    }

    public var folder: Folder {
        switch self {
        case .globalConfig: .globalConfig
        case .image: .images
        case .flavour: .flavours
        case .desiredVM: .desiredVMs
        case .actualVM: .actualVMs
        case .host: .hosts
        case .desiredHost: .desiredHosts
        case .volume: .volumes
        case .history: .history
        case .decline: .declines
        case .actualImage: .actualImages
        case .arrival: .arrivals
        case .token: .tokens
        case .sshKey: .sshKeys
        case .network: .networks
        case .address: .addresses
        case .securityGroup: .securityGroups
        }
    }

    /// The parts of the key below the prefix, the folder first.
    public var components: [String] {
        switch self {
        case .globalConfig(let name): [folder.rawValue, name]
        case .image(let id): [folder.rawValue, id.text]
        case .flavour(let id): [folder.rawValue, id.text]
        case .desiredVM(let id), .actualVM(let id), .history(let id), .arrival(let id):
            [folder.rawValue, id.text]
        case .host(let id), .desiredHost(let id): [folder.rawValue, id.text]
        case .volume(let id): [folder.rawValue, id.description]
        case .decline(let vm, let host): [folder.rawValue, vm.text, host.text]
        case .actualImage(let id): [folder.rawValue, id.text]
        case .token(let id): [folder.rawValue, id.text]
        case .sshKey(let id): [folder.rawValue, id.text]
        case .network(let id): [folder.rawValue, id.text]
        case .address(let id):
            [folder.rawValue, id.network.text, id.address.description]
        case .securityGroup(let id): [folder.rawValue, id.text]
        }
    }

    /// The key below the prefix, such as `desired_vms/web`.
    public var path: String { components.joined(separator: "/") }

    /// Reads a key below the prefix; nil where its folder is none of ours.
    ///
    /// - Throws: `MalformedRecord` where the folder is ours and the rest is no id.
    public init?(path: String) throws(MalformedRecord) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard let first = parts.first, let folder = Folder(rawValue: first) else { return nil }
        do throws(ValidationError) {
            guard let key = try Self.parse(folder, Array(parts.dropFirst())) else {
                throw ValidationError(
                    subject: "key", found: path, problem: "it has too many or too few parts")
            }
            self = key
        } catch {
            throw MalformedRecord(path: path, problem: error.description)
        }
    }

    private static func parse(
        _ folder: Folder, _ ids: [String]
    ) throws(ValidationError) -> RecordKey? {
        if folder == .declines {
            guard ids.count == 2 else { return nil }
            return .decline(try VMID(ids[0]), try HostID(ids[1]))
        }
        if folder == .addresses {
            guard ids.count == 2 else { return nil }
            return .address(try AddressID(network: ids[0], address: ids[1]))
        }
        guard ids.count == 1 else { return nil }
        switch folder {
        case .globalConfig: return .globalConfig(ids[0])
        case .images: return .image(try ImageID(ids[0]))
        case .flavours: return .flavour(try FlavourID(ids[0]))
        case .desiredVMs: return .desiredVM(try VMID(ids[0]))
        case .actualVMs: return .actualVM(try VMID(ids[0]))
        case .hosts: return .host(try HostID(ids[0]))
        case .desiredHosts: return .desiredHost(try HostID(ids[0]))
        case .volumes: return .volume(try VolumeID(ids[0]))
        case .history: return .history(try VMID(ids[0]))
        case .actualImages: return .actualImage(try ImageID(ids[0]))
        case .arrivals: return .arrival(try VMID(ids[0]))
        case .tokens: return .token(try TokenID(ids[0]))
        case .sshKeys: return .sshKey(try SSHKeyID(ids[0]))
        case .networks: return .network(try NetworkID(ids[0]))
        case .securityGroups: return .securityGroup(try SecurityGroupID(ids[0]))
        case .declines, .addresses: return nil
        }
    }
}
