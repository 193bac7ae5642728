public import Etcd
import Foundation
import Logging
import Subprocess

/// An etcd of one's own: on loopback, on ports that were free, its data in a directory that goes
/// with it.
///
/// The process lives as long as `run`'s body and is ended by its id, whether the body returned or
/// threw. It is ended hard, since nobody needs its data any more.
public struct EtcdServer: Sendable {
    /// Where clients reach it, such as `http://127.0.0.1:41234`.
    public let clientURL: String
    private let peerURL: String
    private let directory: String
    private let quota: Int?

    /// A client's configuration for it.
    public var configuration: EtcdConfiguration { EtcdConfiguration(endpoints: [clientURL]) }

    /// Starts a server, hands it to `body` once it has a leader, and ends it.
    ///
    /// - Parameter quota: the bytes that its database may have; etcd's own limit without.
    /// - Throws: `TestingError` where etcd cannot be started; what `body` throws.
    public static func run<Value: Sendable>(
        quota: Int? = nil, _ body: (EtcdServer) async throws -> Value
    ) async throws -> Value {
        // A port that was free a moment ago may be taken when etcd opens it: then with new ones.
        for _ in 1...5 {
            let directory = try TemporaryDirectory(prefix: "metastack-etcd")
            defer { directory.remove() }
            let server = EtcdServer(
                clientURL: "http://127.0.0.1:\(try LoopbackPort.free())",
                peerURL: "http://127.0.0.1:\(try LoopbackPort.free())", directory: directory.path,
                quota: quota)
            if let value = try await server.run(body) { return value }
        }
        throw TestingError("cannot start etcd: it found its ports taken in five attempts")
    }

    /// A client of this server for the time of `body`.
    public func withClient<Value>(
        _ body: (EtcdClient) async throws -> Value
    ) async throws -> Value {
        let client = try EtcdClient(
            configuration, logger: Logger(label: "etcd") { _ in SwiftLogNoOpLogHandler() })
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(client))
        } catch {
            result = .failure(error)
        }
        await client.shutdown()
        return try result.get()
    }

    /// nil where the server ended before it was ready.
    private func run<Value: Sendable>(
        _ body: (EtcdServer) async throws -> Value
    ) async throws -> Value? {
        let outcome: ExecutionResult<Result<Value?, any Error>, DiscardedOutput, DiscardedOutput>
        do {
            outcome = try await Subprocess.run(
                .name("etcd"), arguments: arguments, input: .none, output: .discarded,
                error: .discarded
            ) { process in
                let result: Result<Value?, any Error>
                do {
                    result = .success(try await isReady() ? try await body(self) : nil)
                } catch {
                    result = .failure(error)
                }
                // It may have ended by itself, and then there is nobody to signal.
                try? process.send(signal: .kill)
                return result
            }
        } catch let error as SubprocessError {
            throw TestingError(
                "cannot run etcd: \(error); install it with apt-get install etcd-server")
        }
        return try outcome.closureResult.get()
    }

    private var arguments: Arguments {
        [
            "--name", "test", "--data-dir", "\(directory)/data", "--log-level", "error",
            "--listen-client-urls", clientURL, "--advertise-client-urls", clientURL,
            "--listen-peer-urls", peerURL, "--initial-advertise-peer-urls", peerURL,
            "--initial-cluster", "test=\(peerURL)",
            // 0 is etcd's own limit.
            "--quota-backend-bytes", "\(quota ?? 0)",
        ]
    }

    /// Whether it has a leader within 20 s; a server that ended never has.
    private func isReady() async throws -> Bool {
        try await withClient { client in
            let end = ContinuousClock.now + .seconds(20)
            while ContinuousClock.now < end {
                do {
                    let status = try await client.status(
                        endpoint: clientURL, deadline: .seconds(1))
                    // Somebody else's etcd on a port that we lost has another data directory: a new
                    // one is at its very beginning.
                    if status.leader != nil { return try await isNew(client) }
                } catch is EtcdError {
                    try await Task.sleep(for: .milliseconds(10))
                }
            }
            return false
        }
    }

    private func isNew(_ client: EtcdClient) async throws -> Bool {
        try await client.list(.all).keyValues.isEmpty
    }
}
