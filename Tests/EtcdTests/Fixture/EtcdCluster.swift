import Etcd
import Foundation
import Glibc
import Logging

/// etcd servers of one cluster, and what it takes to talk to them.
struct EtcdCluster: Sendable {
    var servers: [EtcdServer]
    var configuration: EtcdConfiguration

    /// The first server, which is the only one in most tests.
    var server: EtcdServer { servers[0] }

    var membership: String {
        servers.map { "\($0.name)=\($0.peerURL)" }.joined(separator: ",")
    }

    func startAll() throws {
        for server in servers { try server.start(cluster: membership) }
    }

    func restart(_ server: EtcdServer) throws {
        try server.start(cluster: membership)
    }

    /// Waits until each member that runs knows a leader.
    func ready(_ client: EtcdClient) async throws {
        for server in servers {
            try await eventually("\(server.name) has a leader", within: .seconds(20)) {
                guard server.isRunning else { throw FixtureError("etcd ended: \(server.log)") }
                let status = try await client.status(
                    endpoint: server.clientURL, deadline: .seconds(1))
                return status.leader != nil
            } ignoring: {
                $0 is EtcdError
            }
        }
    }
}

/// Runs `body` with a new etcd and a client of it; both are gone afterwards, whatever happens.
func withEtcd(
    members: Int = 1, scheme: String = "http", tls: EtcdConfiguration.TLS? = nil,
    arguments: [String] = [], _ body: (EtcdCluster, EtcdClient) async throws -> Void
) async throws {
    await Turns.shared.take()
    defer { Task { await Turns.shared.giveBack() } }
    let directory = try temporaryDirectory()
    defer { removeDirectory(directory) }
    // A port that was free a moment ago may be taken when etcd opens it: then with new ones.
    for attempt in 1...5 {
        let servers = try (1...members).map {
            try EtcdServer(
                name: "m\($0)-\(attempt)", scheme: scheme, directory: directory,
                arguments: arguments)
        }
        let cluster = EtcdCluster(
            servers: servers,
            configuration: EtcdConfiguration(endpoints: servers.map(\.clientURL), tls: tls))
        defer { for server in servers { server.kill() } }
        try cluster.startAll()
        let client = try EtcdClient(cluster.configuration, logger: quiet)
        do {
            try await cluster.ready(client)
        } catch  where servers.contains(where: { $0.log.contains("address already in use") }) {
            await client.shutdown()
            continue
        } catch {
            await client.shutdown()
            throw error
        }
        try await with(client) { try await body(cluster, $0) }
        return
    }
    throw FixtureError("found no free ports in five attempts")
}

/// A client that is shut down afterwards, whatever happens.
func withClient(
    _ configuration: EtcdConfiguration, _ body: (EtcdClient) async throws -> Void
) async throws {
    try await with(try EtcdClient(configuration, logger: quiet), body)
}

private func with(
    _ client: EtcdClient, _ body: (EtcdClient) async throws -> Void
) async throws {
    do {
        try await body(client)
    } catch {
        await client.shutdown()
        throw error
    }
    await client.shutdown()
}

/// A log that tells of nothing: the tests look at results.
var quiet: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }

func temporaryDirectory() throws -> String {
    var template = Array("\(NSTemporaryDirectory())/etcd-tests-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw FixtureError("cannot make a directory") }
    return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
}

func removeDirectory(_ directory: String) {
    // Clean-up: what cannot be removed is in the temporary directory and harms no other test.
    try? FileManager.default.removeItem(atPath: directory)
}

/// Waits for a condition, asked every 10 ms.
func eventually(
    _ what: String, within limit: Duration = .seconds(10), _ condition: () async throws -> Bool,
    ignoring isExpected: (any Error) -> Bool = { _ in false }
) async throws {
    let end = ContinuousClock.now + limit
    var lastError: (any Error)?
    while ContinuousClock.now < end {
        do {
            if try await condition() { return }
        } catch  where isExpected(error) {
            lastError = error
        }
        try await Task.sleep(for: .milliseconds(10))
    }
    throw FixtureError(
        "it never came true within \(limit) that \(what)"
            + (lastError.map { "; the last error was: \($0)" } ?? ""))
}

/// Runs `body` and throws where it takes longer than `limit`.
func within<Value: Sendable>(
    _ limit: Duration, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: limit)
            throw FixtureError("it took longer than \(limit)")
        }
        defer { group.cancelAll() }
        guard let value = try await group.next() else { throw CancellationError() }
        return value
    }
}

/// The first batches of a watch, until they hold `count` events.
func events(_ count: Int, of watch: EtcdWatch) async throws -> [WatchEvent] {
    try await within(.seconds(20)) {
        var events: [WatchEvent] = []
        for try await batch in watch {
            events += batch.events
            if events.count >= count { break }
        }
        return events
    }
}

extension Data {
    init(_ text: String) { self.init(text.utf8) }
    var text: String { String(decoding: self, as: UTF8.self) }
}
