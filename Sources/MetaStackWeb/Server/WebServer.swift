import Foundation
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
package import Logging
import MetaStackManagement
package import MetaStackModel
package import MetaStackStore
import NIOCore
import ServiceLifecycle

/// `metastack serve`: the REST API and the web page over one mirror of the cluster.
///
/// It writes desired records and nothing else, so several may run at once and none is needed for
/// guests to run. It ends with its service group; open event streams end with it.
package struct WebServer: Service {
    private let application: any ApplicationProtocol
    private let uses: TokenUses
    private let history: EventHistory
    private let mirror: ClusterMirror
    private let syslog: @Sendable (LogSettings.Syslog?) -> Void
    private let store: ClusterStore
    private let logger: Logger

    /// - Parameters:
    ///   - audit: takes a line about each write.
    ///   - syslog: is told the deployment's syslog server, at first and whenever it changes; nil where it
    ///     has none.
    ///   - limits: what one client may hold.
    ///   - onReady: is told the port that it listens on.
    /// - Throws: where the certificate cannot be read.
    package init(
        store: ClusterStore, settings: ServeSettings, logger: Logger, audit: Logger,
        limits: ClientLimits = ClientLimits(),
        syslog: @escaping @Sendable (LogSettings.Syslog?) -> Void = { _ in },
        onReady: @escaping @Sendable (Int) async -> Void = { _ in }
    ) throws {
        let mirror = ClusterMirror(store: store, logger: logger)
        let uses = TokenUses()
        let now = { @Sendable in Timestamp(Date()) }
        let service = WriteService(
            store: store, mirror: mirror, audit: audit, now: now,
            newID: { UUID().uuidString.lowercased() })
        let authenticator = Authenticator(mirror: mirror, uses: uses, now: now)
        let streams = StreamCount()
        let requests = RequestCount()
        let router = Router(context: WebContext.self)
        router.add(middleware: CountRequests(count: requests))
        router.add(middleware: SecurityHeaders(isEncrypted: settings.cert != nil))
        router.add(middleware: KnownMethods())
        let pages = Pages(
            service: service, authenticator: authenticator, renderer: try PageRenderer(),
            history: EventHistory(now: now), isEncrypted: settings.cert != nil)
        router.add(middleware: UnknownPaths(pages: pages))
        let routes = Self.routes(service, streams, requests) + pages.routes
        RouteRegistration(authenticator: authenticator, logger: logger)
            .register(routes, on: router)
        application = Application(
            router: router, server: try Self.transport(settings, limits, logger),
            configuration: .init(
                address: .hostname(settings.listen.host, port: settings.listen.port),
                serverName: "metastack"),
            services: [mirror],
            onServerRunning: { channel in
                await onReady(channel.localAddress?.port ?? settings.listen.port)
            }, logger: logger)
        self.uses = uses
        history = pages.history
        self.mirror = mirror
        self.syslog = syslog
        self.store = store
        self.logger = logger
    }

    /// Every route of the API; the page has its own.
    static func routes(
        _ service: WriteService, _ streams: StreamCount, _ requests: RequestCount
    ) -> [APIRoute] {
        let described =
            ResourceKind.allCases.flatMap { ResourceRoutes(kind: $0, service: service).routes }
            + ActionRoutes(service: service).routes
            + EventRoutes(service: service, streams: streams).routes
            + RecordRoutes(service: service, streams: streams).routes
            + SharingRoutes(service: service).routes
            + InsightRoutes(service: service).routes
            + TokenRoutes(service: service).routes
        return described + DescriptionRoutes(described: described).routes
            + HealthRoutes(mirror: service.mirror, streams: streams, requests: requests).routes
    }

    private static func transport(
        _ settings: ServeSettings, _ limits: ClientLimits, _ logger: Logger
    ) throws -> HTTPServerBuilder {
        let plain = HTTPServerBuilder.http1(configuration: limits.channel)
        guard let certificate = settings.cert, let key = settings.key else { return plain }
        let certificates = try Certificates(certificate: certificate, key: key, logger: logger)
        return try .tls(plain, tlsConfiguration: certificates.configuration())
    }

    /// Serves until its group ends.
    package func run() async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { try await application.run() }
            group.addTask { await uses.write(to: store, logger) }
            group.addTask { await history.follow(store, mirror, logger) }
            group.addTask {
                await mirror.follow(SyslogServer.key) { syslog($0.syslogServer?.value.server) }
            }
            try await group.next()
            group.cancelAll()
        }
    }
}
