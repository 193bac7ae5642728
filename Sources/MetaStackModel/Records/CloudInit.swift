/// What a guest's cloud-init is told: the field `cloud_init` of `desired_vms/<vm_id>`.
///
/// A VM with this field, though it be empty, gets a NoCloud seed: a small disk beside its own.
public struct CloudInit: Record {
    public static let mostKeys = 64

    /// nil for the VM's own name.
    public var hostName: GuestHostName?
    /// Names of `ssh_keys` that may log in.
    public var sshKeys: [SSHKeyID]
    public var userData: UserData?
    public var networkConfig: NetworkConfig?
    public var rest: [String: JSONValue]

    public init(
        hostName: GuestHostName? = nil, sshKeys: [SSHKeyID] = [], userData: UserData? = nil,
        networkConfig: NetworkConfig? = nil, rest: [String: JSONValue] = [:]
    ) {
        self.hostName = hostName
        self.sshKeys = sshKeys
        self.userData = userData
        self.networkConfig = networkConfig
        self.rest = rest
    }

    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        hostName = try fields.optional("host_name")
        sshKeys = try fields.optional("ssh_keys", default: [])
        userData = try fields.optional("user_data")
        networkConfig = try fields.optional("network_config")
        rest = try fields.rest()
        guard sshKeys.count <= Self.mostKeys else {
            throw ValidationError(
                subject: "ssh_keys", found: "\(sshKeys.count) keys",
                problem: "a VM has at most \(Self.mostKeys)")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: rest)
        try fields.put("host_name", hostName)
        if !sshKeys.isEmpty { try fields.put("ssh_keys", sshKeys) }
        try fields.put("user_data", userData)
        try fields.put("network_config", networkConfig)
    }

    /// The fields that cannot be used, by their paths in the VM's record, and why. Reads all of the
    /// texts, which ``init(from:)`` does not.
    public var problems: [FieldProblem] {
        let found: [(name: String, problem: String?)] = [
            ("user_data", userData?.problem.map { "user data cannot be used: \($0)" }),
            (
                "network_config",
                networkConfig?.problem.map { "network config cannot be used: \($0)" }
            ),
        ]
        return found.compactMap { name, problem in
            problem.map { FieldProblem(path: "cloud_init.\(name)", problem: $0) }
        }
    }
}
