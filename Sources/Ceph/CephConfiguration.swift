/// Where a Ceph cluster is and as whom to speak to it.
public struct CephConfiguration: Sendable, Equatable {
    /// Path of the configuration file that names the monitors, such as `/etc/ceph/ceph.conf`.
    public var configurationFile: String
    /// The user without its `client.`, such as `metastack`.
    public var user: String
    /// Path of the keyring with the user's key; nil leaves it to the configuration file.
    public var keyring: String?
    /// How long any one question to a monitor or an OSD may take; whole seconds, at least one.
    public var timeout: Duration

    /// A configuration; nothing is read before `CephCluster.connect`.
    public init(
        configurationFile: String, user: String, keyring: String? = nil,
        timeout: Duration = .seconds(15)
    ) {
        self.configurationFile = configurationFile
        self.user = user
        self.keyring = keyring
        self.timeout = timeout
    }

    /// librados counts its time-outs in whole seconds and takes 0 for "wait forever".
    var timeoutSeconds: Int64 {
        let (seconds, attoseconds) = timeout.components
        return max(1, seconds + (attoseconds > 0 ? 1 : 0))
    }

    /// The caller's own patience: librados's time-out is the exact one, this one only stands
    /// behind it for a call that hangs in spite of it.
    var deadline: Duration { .seconds(timeoutSeconds * 2 + 2) }

    /// How long what moves a whole disk's bytes may go without moving one. An image is opened and its
    /// header read before the first, each by a question of its own.
    var patience: Duration { deadline * 8 }
}
