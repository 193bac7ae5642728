package import Hummingbird
package import Logging
package import MetaStackStore
import ServiceLifecycle

/// `metastack serve`: the REST API and the web page over one mirror of the cluster.
///
/// It writes desired records and nothing else, so several may run at once and none is needed for
/// guests to run. It ends with its service group; open event streams end with it.
package struct WebServer: Service {
    package typealias Context = BasicRequestContext
    private let application: any ApplicationProtocol

    package init(store: ClusterStore, address: BindAddress, logger: Logger) {
        let mirror = ClusterMirror(store: store, logger: logger)
        let router = Router(context: Context.self)
        router.get("livez") { _, _ in "ok\n" }
        router.get("readyz") { _, _ in
            mirror.isFollowing ? HTTPResponse.Status.ok : .serviceUnavailable
        }
        application = Application(
            router: router, configuration: .init(address: address, serverName: "metastack"),
            services: [mirror], logger: logger)
    }

    package func run() async throws { try await application.run() }
}
