import ArgumentParser
import Etcd
import Logging
import MetaStackLogging
import MetaStackManagement
import MetaStackModel
import MetaStackStore
import MetaStackWeb
import ServiceLifecycle
import UnixSignals

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve the REST API and the web page.",
        discussion: """
            It keeps no state: several may run at once, and guests need none. Requests carry a bearer \
            token, which 'metastack token create' makes. SIGTERM ends it.
            """)

    @OptionGroup var global: GlobalOptions

    @Option(
        help: ArgumentHelp(
            "Where to listen; beats METASTACK_SERVE_LISTEN and the file.",
            valueName: "address:port"))
    var listen: String?

    func run() async throws {
        let flags = listen.map {
            [ConfigurationFlag(key: "serve.listen", flag: "--listen", value: $0)]
        }
        let configuration = try ManagementConfiguration(
            global, flags: flags ?? [], mayBeLoggedIn: false)
        let log = ProgramLog(configuration.log, application: "metastack")
        log.bootstrap()
        let logger = Logger(label: "metastack-serve")
        Self.raiseOpenFiles(logger)
        let client = try EtcdClient(EtcdConfiguration(configuration.etcd), logger: logger)
        let store = ClusterStore(client: client, prefix: configuration.etcd.prefix)
        let server = try WebServer(
            store: store, settings: configuration.serve, logger: logger,
            audit: Logger(label: "metastack-audit"), syslog: { log.use($0) },
            onReady: { port in logger.info("serving", metadata: ["port": "\(port)"]) })
        var group = ServiceGroupConfiguration(
            services: [.init(service: server)], gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Logger(label: "services") { _ in SwiftLogNoOpLogHandler() })
        group.maximumGracefulShutdownDuration = .seconds(5)
        group.maximumCancellationDuration = .seconds(2)
        try await ServiceGroup(configuration: group).run()
        await client.shutdown()
        await log.close()
    }

    private static func raiseOpenFiles(_ logger: Logger) {
        guard let files = OpenFileLimit.raise(), files < OpenFileLimit.wanted else { return }
        logger.warning(
            "few files may be open, so few clients may connect; raise it (ulimit -Hn, LimitNOFILE=)",
            metadata: ["files": "\(files)", "wanted": "\(OpenFileLimit.wanted)"])
    }
}
