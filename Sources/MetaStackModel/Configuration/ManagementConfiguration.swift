/// All that `metastack` is told. It needs no file at all: every setting has a default.
public struct ManagementConfiguration: Sendable, Equatable {
    public var etcd: EtcdSettings
    /// nil to work straight on etcd.
    public var server: ServerSettings?
    public var log: LogSettings
    public var serve: ServeSettings

    /// Every setting at its default.
    public init() {
        etcd = EtcdSettings()
        log = LogSettings()
        serve = ServeSettings()
    }

    /// Reads the configuration of management.
    ///
    /// A node's sections are unknown here, in the file; in the environment, which both programs
    /// may share, they are passed over.
    ///
    /// - Parameters:
    ///   - yaml: the file's text; empty where there is none.
    ///   - file: the file's name, for error texts.
    ///   - flags: what the command line sets; beats the environment, which beats the file.
    /// - Throws: `ConfigurationError` with all problems at once.
    public init(
        yaml: String, file: String, environment: [String: String],
        flags: [ConfigurationFlag] = []
    ) throws(ConfigurationError) {
        var reader = ConfigurationReader(
            yaml: yaml, file: file, environment: environment, flags: flags)
        etcd = EtcdSettings(&reader)
        server = ServerSettings(&reader)
        // `--endpoints` beats a server that a file names.
        if reader.rank("etcd", "endpoints") > reader.rank("server", "url") { server = nil }
        log = LogSettings(&reader)
        serve = ServeSettings(&reader)
        try reader.finish()
    }
}
