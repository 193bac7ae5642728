import ArgumentParser
import Curl
import Etcd
import Foundation
import Logging
import MetaStackLogging
import MetaStackManagement
import MetaStackModel
import MetaStackStore

/// A verb that works on the cluster. `run()` connects, `perform(in:)` is what tests call.
protocol ClusterCommand: AsyncParsableCommand {
    var global: GlobalOptions { get }
    /// Checks that need no etcd, before anything is connected.
    func perform(in session: CommandSession) async throws
}

extension ClusterCommand {
    func run() async throws {
        let connection = try Connection(global)
        let session = CommandSession(
            access: connection.access, screen: .standard(), format: global.output,
            quiet: global.quiet, now: { Timestamp(Date()) },
            newID: { UUID().uuidString.lowercased() }, user: connection.user)
        do {
            try await perform(in: session)
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }
}

/// A way to the cluster.
struct Connection: Sendable {
    let access: any ClusterAccess
    /// Who writes over it; nil where the server knows.
    let user: String?
    /// Ends it and all that runs over it.
    let close: @Sendable () async -> Void

    /// Reads the configuration; connects once something is asked for.
    ///
    /// - Parameter quiet: says nothing of endpoints that do not answer.
    init(_ options: GlobalOptions, quiet: Bool = false) throws {
        let configuration = try ManagementConfiguration(options)
        if let server = configuration.server {
            self = try Connection(server)
        } else {
            self = try Connection(configuration, quiet: quiet)
        }
    }

    /// Through `metastack serve`.
    init(_ server: ServerSettings) throws {
        let curl = try Curl(name: "api")
        access = RemoteAccess(api: try RemoteAPI(server, curl: curl))
        user = nil
        close = { await curl.shutdown() }
    }

    /// Straight to etcd.
    private init(_ configuration: ManagementConfiguration, quiet: Bool) throws {
        let log = ProgramLog(configuration.log, application: "metastack", reader: .person)
        let client = try EtcdClient(
            EtcdConfiguration(configuration.etcd),
            logger: log.logger(atLeast: quiet ? .critical : nil))
        let store = ClusterStore(client: client, prefix: configuration.etcd.prefix)
        user = NSUserName()
        access = LoggedAccess(access: store, log: log, user: NSUserName())
        close = {
            await client.shutdown()
            await log.close()
        }
    }
}

extension EtcdConfiguration {
    /// - Throws: `CommandFailure` where the password cannot be read.
    init(_ settings: EtcdSettings) throws {
        self.init(endpoints: settings.endpoints)
        if let username = settings.username, let file = settings.passwordFile {
            credentials = Credentials(username: username, password: try Self.password(in: file))
        }
        if settings.ca != nil || settings.cert != nil {
            tls = TLS(ca: settings.ca, certificate: settings.cert, key: settings.key)
        }
    }

    /// The first line of the file.
    private static func password(in file: String) throws -> String {
        let text = try TextFile.read(file, as: "etcd.password-file")
        guard let line = text.split(whereSeparator: \.isNewline).first else {
            throw CommandFailure(.usage, "the password file \(file) is empty")
        }
        return String(line)
    }
}
