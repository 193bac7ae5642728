/// Where disks lie: the section `storage`.
public struct StorageSettings: Sendable, Equatable {
    public enum Driver: String, Sendable, CaseIterable {
        /// Ceph's block devices.
        case rbd
    }

    public var driver = Driver.rbd
    /// Ceph's configuration file (`rados_conf_read_file`).
    public var conf = "/etc/ceph/ceph.conf"
    /// The Ceph user without `client.`.
    public var user = "metastack"
    /// The user's keyring; nil looks where Ceph's configuration says.
    public var keyring: String?
    /// The pool of the VMs' disks.
    public var vmPool = PoolName(unchecked: "vms")
    /// The pool of the images that disks are cloned from.
    public var imagePool = PoolName(unchecked: "images")

    public init() {}

    init(_ reader: inout ConfigurationReader) {
        driver = reader.value("storage", "driver", default: driver, SettingText.choice)
        conf = reader.value("storage", "conf", default: conf, SettingText.path)
        user = reader.value("storage", "user", default: user, Self.user)
        keyring = reader.optional("storage", "keyring", SettingText.path)
        vmPool = reader.value("storage", "vm-pool", default: vmPool, Self.pool)
        imagePool = reader.value("storage", "image-pool", default: imagePool, Self.pool)
    }

    private static func pool(_ text: String) throws(ValidationError) -> PoolName {
        try PoolName(text)
    }

    private static func user(_ text: String) throws(ValidationError) -> String {
        if text.hasPrefix("client.") {
            throw SettingText.refuse("user", text, "leave out 'client.'")
        }
        if let problem = IdentifierRule.problem(with: text) {
            throw SettingText.refuse("user", text, problem)
        }
        return text
    }
}
