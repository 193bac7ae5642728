/// All that `metastack-node` is told: its file, the environment and its flags.
public struct NodeConfiguration: Sendable, Equatable {
    public var etcd: EtcdSettings
    public var node: NodeSettings
    public var libvirt: LibvirtSettings
    public var storage: StorageSettings
    public var network: NetworkSettings
    public var metrics: MetricsSettings
    public var log: LogSettings

    /// Every setting at its default.
    public init(name: HostID) {
        etcd = EtcdSettings()
        node = NodeSettings(name: name)
        libvirt = LibvirtSettings()
        storage = StorageSettings()
        network = NetworkSettings()
        metrics = MetricsSettings()
        log = LogSettings()
    }

    /// Reads a node's configuration.
    ///
    /// - Parameters:
    ///   - yaml: the file's text; empty where there is none.
    ///   - file: the file's name, for error texts.
    ///   - environment: all of it; variables that do not begin with `METASTACK_` and a section's
    ///     name are passed over.
    ///   - flags: what the command line sets; beats the environment, which beats the file.
    ///   - hostName: the machine's own name, for a node that is given none.
    /// - Throws: `ConfigurationError` with all problems at once.
    public init(
        yaml: String, file: String, environment: [String: String],
        flags: [ConfigurationFlag] = [], hostName: String? = nil
    ) throws(ConfigurationError) {
        var reader = ConfigurationReader(
            yaml: yaml, file: file, environment: environment, flags: flags)
        etcd = EtcdSettings(&reader)
        node = NodeSettings(&reader, hostName: hostName)
        libvirt = LibvirtSettings(&reader)
        storage = StorageSettings(&reader)
        network = NetworkSettings(&reader)
        metrics = MetricsSettings(&reader)
        log = LogSettings(&reader)
        try reader.finish()
    }
}
