import Curl
import FoundationEssentials
import Logging

/// One watch while it is read: its connection, and the next one after that breaks.
///
/// Owned by one iterator and used by one task at a time.
final class WatchSession {
    private struct Connection {
        let stream: CurlStream
        let endpoint: Endpoint
        let token: String?
        let registration: UInt64
        let since = ContinuousClock.now
        var isCreated = false
    }

    private let watch: EtcdWatch
    private var caller: Caller { watch.caller }
    private var progress: WatchProgress
    private var framer = LineFramer()
    private var connection: Connection?
    /// Connections in a row that failed or broke at once.
    private var failures = 0
    /// Whether the last refusal was answered by a new token already.
    private var hasRenewedToken = false

    /// A line of this many bytes is no watch response that etcd makes.
    private static let longestLine = 256 * 1024 * 1024

    init(_ watch: EtcdWatch) {
        self.watch = watch
        progress = WatchProgress(from: watch.from)
    }

    deinit {
        disconnect()
    }

    func next() async throws -> WatchBatch? {
        while true {
            try Task.checkCancellation()
            do {
                if connection == nil { try await connect() }
                return try await nextBatch()
            } catch let error as EtcdError {
                try await lost(error)
            } catch is CancellationError {
                try Task.checkCancellation()
                // Not this task was cancelled but the stream: its endpoint failed others.
                let message = "other calls got no answer from this endpoint"
                try await lost(
                    EtcdError(.unavailable, message, endpoint: connection?.endpoint.url))
            }
        }
    }

    private func nextBatch() async throws -> WatchBatch {
        while let endpoint = connection?.endpoint {
            let arrived = try progress.observe(&framer, from: endpoint)
            if arrived.isCreated { created() }
            if let batch = arrived.batch { return batch }
            framer.append(try await nextPiece())
        }
        throw EtcdError(.unavailable, "the watch has no connection")
    }

    private func nextPiece() async throws -> Data {
        guard let connection else { throw EtcdError(.unavailable, "the watch has no connection") }
        let endpoint = connection.endpoint.url
        do {
            guard let piece = try await connection.stream.next() else {
                throw EtcdError(.unavailable, "etcd ended the watch's stream", endpoint: endpoint)
            }
            guard framer.pendingBytes + piece.count <= Self.longestLine else {
                throw EtcdError(.malformedAnswer, "a line has no end", endpoint: endpoint)
            }
            return piece
        } catch let error as CurlError {
            throw EtcdError(error, endpoint: endpoint, mutates: false)
        }
    }

    // MARK: Connections

    /// Asks the endpoints in turn.
    private func connect() async throws {
        if failures > 1 { try await Task.sleep(for: Self.delay(failures: failures)) }
        var errors: [EtcdError] = []
        let order = caller.endpoints.inOrder
        for (index, endpoint) in order.enumerated() {
            do {
                return try await connect(to: endpoint, left: order.count - index)
            } catch let error as EtcdError where !error.endsWatch && !error.asksForNewToken {
                // A refusal has a connection, which the next one must not leave behind.
                disconnect()
                caller.endpoints.failed(endpoint)
                errors.append(error)
            }
        }
        throw EtcdError(failures: errors)
    }

    private func connect(to endpoint: Endpoint, left: Int) async throws {
        let end = ContinuousClock.now + caller.configuration.requestTimeout
        let token = try await caller.token(from: endpoint, until: end)
        let stream: CurlStream
        do {
            stream = try await caller.curl.stream(
                try request(endpoint, token: token, left: left))
        } catch let error as CurlError {
            throw EtcdError(error, endpoint: endpoint.url, mutates: false)
        }
        let registration = caller.endpoints.register(endpoint) { [weak stream] in
            stream?.cancel()
        }
        framer = LineFramer()
        connection = Connection(
            stream: stream, endpoint: endpoint, token: token, registration: registration)
        guard stream.head.isSuccess else { throw try await refusal(stream, endpoint) }
    }

    private func request(
        _ endpoint: Endpoint, token: String?, left: Int
    ) throws -> CurlRequest {
        let create = WireWatch.Create(
            key: watch.range.first.data, range_end: watch.range.wireEnd?.data,
            start_revision: progress.next.map { WireInt64($0) },
            filters: watch.filters.isEmpty ? nil : watch.filters.map(\.rawValue).sorted(),
            prev_kv: watch.previousValues ? true : nil)
        let call = try Call("watch", WireWatch(create_request: create))
        var request = caller.request(call.path, at: endpoint, token: token)
        request.method = .post(call.body)
        request.admission = .atOnce
        request.connectTimeout = caller.configuration.connectTimeout(left: left)
        // etcd confirms a watch at once; where it does not, another member may.
        let patience = caller.configuration.requestTimeout
        request.headTimeout = left > 1 ? min(patience, .seconds(1)) : patience
        request.idleTimeout = caller.configuration.watchSilence
        // etcd then ends the stream when its member loses the leader, and would otherwise leave it
        // open and silent.
        request.headers["Grpc-Metadata-hasleader"] = "true"
        return request
    }

    private func refusal(_ stream: CurlStream, _ endpoint: Endpoint) async throws -> EtcdError {
        var body = Data()
        do {
            while body.count < 65_536, let piece = try await stream.next() { body += piece }
        } catch let error as CurlError {
            return EtcdError(error, endpoint: endpoint.url, mutates: false)
        }
        return EtcdError(status: stream.head.status, body: body, endpoint: endpoint.url)
    }

    private func created() {
        guard let endpoint = connection?.endpoint else { return }
        connection?.isCreated = true
        hasRenewedToken = false
        if failures > 0 {
            caller.logger.info("watch goes on", metadata: metadata(["endpoint": "\(endpoint)"]))
        }
    }

    /// Decides whether the watch goes on after an error; throws it where not.
    private func lost(_ error: EtcdError) async throws {
        let broken = connection
        disconnect()
        let isTokenTrouble = error.asksForNewToken || error.code == .permissionDenied
        if isTokenTrouble, !hasRenewedToken, await caller.tokenRefused(broken?.token) {
            // etcd 3.4 answers "permission denied" to a watch whose token has ended.
            hasRenewedToken = true
            return
        }
        if error.endsWatch { throw error }
        let lived =
            broken.map { $0.isCreated && $0.since.duration(to: .now) > .seconds(1) } ?? false
        failures = lived ? 1 : failures + 1
        if failures == 1 {
            let details: Logger.Metadata = ["error": "\(error)"]
            caller.logger.warning("watch lost its connection", metadata: metadata(details))
        } else {
            caller.logger.debug("watch cannot connect", metadata: metadata(["error": "\(error)"]))
        }
    }

    private func disconnect() {
        guard let connection else { return }
        caller.endpoints.unregister(connection.registration)
        connection.stream.cancel()
        self.connection = nil
    }

    private func metadata(_ details: Logger.Metadata) -> Logger.Metadata {
        var metadata: Logger.Metadata = ["range": "\(watch.range)"]
        if let next = progress.next { metadata["revision"] = "\(next)" }
        return metadata.merging(details) { $1 }
    }

    /// 50 ms, doubled each time up to a second, and up to a half more by chance, so that the
    /// watchers of a cluster do not come back all at once.
    private static func delay(failures: Int) -> Duration {
        let base = min(1000, 50 << min(failures - 2, 5))
        return .milliseconds(base + Int.random(in: 0...(base / 2)))
    }
}

extension EtcdError {
    /// Whether connecting anew cannot help a watch.
    fileprivate var endsWatch: Bool {
        switch code {
        case .compacted, .clusterChanged, .permissionDenied, .unauthenticated, .invalidRequest,
            .badConfiguration, .shutDown, .futureRevision:
            true
        case .unavailable, .deadlineExceeded, .outcomeUnknown, .leaseNotFound, .leaseExists,
            .tooManyRequests, .requestTooLarge, .noSpace, .malformedAnswer, .tls, .other:
            false
        }
    }
}
