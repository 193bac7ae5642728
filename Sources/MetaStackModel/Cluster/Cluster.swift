/// All records as one node or one command knows them, at one revision.
///
/// A plain value: filled by a list, kept by the watch, read by every decision. Two nodes with
/// equal revisions hold equal values, however they came by them.
public struct Cluster: Sendable, Equatable {
    /// The etcd revision that this is the state of.
    public var revision: Revision
    public var globalConfig: [String: Stored<GlobalConfig>] = [:]
    /// `global_config/takeover`; nil is an armed switch that nobody has touched.
    public var takeoverSwitch: Stored<TakeoverSwitch>?
    /// `global_config/moves`; nil is the default limits.
    public var moveLimits: Stored<MoveLimits>?
    /// `global_config/rebalance`; nil is a policy that is off.
    public var rebalancePolicy: Stored<RebalancePolicy>?
    /// `global_config/syslog_server`; nil leaves it to each program's configuration.
    public var syslogServer: Stored<SyslogServer>?
    public var images: [ImageID: Stored<Image>] = [:]
    public var flavours: [FlavourID: Stored<Flavour>] = [:]
    public var desiredVMs: [VMID: Stored<DesiredVM>] = [:]
    public var actualVMs: [VMID: Stored<ActualVM>] = [:]
    public var hosts: [HostID: Stored<Host>] = [:]
    public var desiredHosts: [HostID: Stored<DesiredHost>] = [:]
    /// By the VM that they belong to.
    public var volumes: [VMID: [VolumeID: Stored<Volume>]] = [:]
    public var histories: [VMID: Stored<VMHistory>] = [:]
    public var declines: [VMID: [HostID: Stored<Decline>]] = [:]
    public var actualImages: [ImageID: Stored<ActualImage>] = [:]
    public var arrivals: [VMID: Stored<Arrival>] = [:]
    /// Who may use the API. Nodes have no use for them.
    public var tokens: [TokenID: Stored<AccessToken>] = [:]
    public var sshKeys: [SSHKeyID: Stored<SSHKey>] = [:]
    public var networks: [NetworkID: Stored<Network>] = [:]
    public var addresses = AddressBook()
    public var securityGroups: [SecurityGroupID: Stored<SecurityGroup>] = [:]
    /// Records that cannot be read, by their path below the prefix.
    public var malformed: [String: MalformedRecord] = [:]

    public init(revision: Revision = Revision(0)) { self.revision = revision }
}

/// etcd's number of a lease.
public struct LeaseNumber: Hashable, Sendable, CustomStringConvertible {
    public let number: Int64

    public init(_ number: Int64) { self.number = number }

    /// In hexadecimal, as etcdctl prints it.
    public var description: String { String(UInt64(bitPattern: number), radix: 16) }
}

/// A setting of the whole deployment that this version does not know: kept as it is.
public struct GlobalConfig: Record {
    public var rest: [String: JSONValue]

    public init(rest: [String: JSONValue]) { self.rest = rest }

    public init(from decoder: any Decoder) throws {
        rest = try FieldReader(decoder).rest()
    }

    public func encode(to encoder: any Encoder) throws {
        _ = try FieldWriter(encoder, rest: rest)
    }
}

extension Stored where Value == ActualVM {
    /// The claim's fencing number: as recorded, and before that the revision that made the key.
    public var incarnation: Incarnation { value.incarnation ?? createRevision }
}
