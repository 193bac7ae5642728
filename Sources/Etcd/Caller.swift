import Curl
import FoundationEssentials
import Logging

/// One call of the gateway.
struct Call: Sendable {
    /// Below `/v3/`, such as `kv/put`; of gRPC the method, such as `etcdserverpb.KV/Range`.
    var path: String
    var body: Data
    /// Whether it must not happen twice.
    var mutates = false
    /// Whether it goes to gRPC itself and not to its gateway; the body is a framed message then.
    var isGRPC = false
    var admission = CurlRequest.Admission.inTurn
    var deadline: Duration?

    /// A call of gRPC that reads.
    init(grpc method: String, framed message: Data) {
        path = method
        body = message
        isGRPC = true
    }

    init(_ path: String, _ request: some Encodable, mutates: Bool = false) throws {
        self.path = path
        self.mutates = mutates
        do {
            body = try JSONEncoder().encode(request)
        } catch {
            throw EtcdError(.invalidRequest, "the request to \(path) cannot be written: \(error)")
        }
    }
}

/// Sends calls: chooses the endpoint, goes to the next one, adds the token, reads the answer.
final class Caller: Sendable {
    let curl: Curl
    let endpoints: Endpoints
    let configuration: EtcdConfiguration
    let logger: Logger
    private let authenticator: Authenticator?

    init(_ configuration: EtcdConfiguration, logger: Logger) throws {
        endpoints = Endpoints(try configuration.validatedEndpoints())
        self.configuration = configuration
        self.logger = logger
        let limits = CurlLimits(transfers: configuration.concurrentRequests)
        let curl: Curl
        do {
            curl = try Curl(name: "etcd", limits: limits)
        } catch let error as CurlError {
            throw EtcdError(.other, error.message)
        }
        self.curl = curl
        authenticator = configuration.credentials.map { credentials in
            Authenticator { endpoint, end in
                try await Caller.authenticate(
                    credentials, at: endpoint, until: end, curl: curl, configuration: configuration)
            }
        }
    }

    /// The decoded answer to a call.
    func answer<Answer: Decodable>(to call: Call, as: Answer.Type = Answer.self) async throws
        -> Answer
    {
        let (body, endpoint) = try await send(call)
        return try Self.decode(body, from: endpoint)
    }

    static func decode<Answer: Decodable>(
        _ body: Data, from endpoint: Endpoint
    ) throws(EtcdError) -> Answer {
        do {
            return try JSONDecoder().decode(Answer.self, from: body)
        } catch {
            throw EtcdError(
                .malformedAnswer, "the answer cannot be read: \(error)", endpoint: endpoint.url)
        }
    }

    /// Asks the endpoints in turn until one answers, each at most once.
    func send(_ call: Call) async throws -> (body: Data, endpoint: Endpoint) {
        let end = ContinuousClock.now + (call.deadline ?? configuration.requestTimeout)
        let order = endpoints.inOrder
        var failures: [EtcdError] = []
        for (index, endpoint) in order.enumerated() {
            let left = order.count - index
            if !failures.isEmpty, end <= .now { break }
            do {
                return (try await attempt(call, at: endpoint, until: end, left: left), endpoint)
            } catch let error as EtcdError where error.isWorthAnotherEndpoint {
                endpoints.failed(endpoint)
                logger.debug(
                    "etcd endpoint failed",
                    metadata: ["endpoint": "\(endpoint)", "error": "\(error.message)"])
                failures.append(error)
            }
        }
        throw EtcdError(failures: failures)
    }

    /// One endpoint, and once more with a new token where the old one is refused.
    private func attempt(
        _ call: Call, at endpoint: Endpoint, until end: ContinuousClock.Instant, left: Int
    ) async throws -> Data {
        // A hung member must not eat the time of those that would answer.
        let half = ContinuousClock.now + max(.zero, end - .now) / 2
        let token = try await authenticator?.token(
            from: endpoint, until: left > 1 ? half : end)
        var request = request(
            for: call, at: endpoint, token: token, remaining: end - .now, left: left)
        do {
            return try await Self.post(request, at: endpoint, with: curl, mutates: call.mutates)
        } catch let error as EtcdError where error.asksForNewToken && authenticator != nil {
            await authenticator?.refused(token)
            request.setToken(try await authenticator?.token(from: endpoint, until: end))
            request.deadline = max(.milliseconds(1), end - .now)
            return try await Self.post(request, at: endpoint, with: curl, mutates: call.mutates)
        }
    }

    /// The request of one try, while `left` endpoints, this one counted, have not been tried.
    func request(
        for call: Call, at endpoint: Endpoint, token: String?, remaining: Duration, left: Int
    ) -> CurlRequest {
        var request = request(call.path, at: endpoint, token: token)
        if call.isGRPC {
            request.url = "\(endpoint.url)/\(call.path)"
            request.headers["Content-Type"] = "application/grpc"
            request.headers["TE"] = "trailers"
            request.speaksHTTP2 = true
            // libcurl would send it over a kept connection that speaks HTTP/1.
            request.usesFreshConnection = true
        }
        request.method = .post(call.body)
        request.admission = call.admission
        request.mayBeSentTwice = !call.mutates
        let remaining = max(.milliseconds(1), remaining)
        // A change has one try once it is sent, so it gets all the time.
        request.deadline = left > 1 && !call.mutates ? remaining / 2 : remaining
        request.connectTimeout = min(configuration.connectTimeout(left: left), remaining / left)
        return request
    }

    /// A request with what all of them share.
    func request(_ path: String, at endpoint: Endpoint, token: String?) -> CurlRequest {
        Self.request(path, at: endpoint, token: token, configuration: configuration)
    }

    private static func request(
        _ path: String, at endpoint: Endpoint, token: String?, configuration: EtcdConfiguration
    ) -> CurlRequest {
        var request = CurlRequest("\(endpoint.url)/v3/\(path)")
        request.headers = ["Content-Type": "application/json"]
        request.setToken(token)
        request.connectTimeout = configuration.connectTimeout
        request.tls = configuration.tls.map {
            CurlTLS(certificateAuthority: $0.ca, certificate: $0.certificate, key: $0.key)
        }
        return request
    }

    /// Sends one request to one endpoint and sorts what can go wrong.
    static func post(
        _ request: CurlRequest, at endpoint: Endpoint, with curl: Curl, mutates: Bool
    ) async throws -> Data {
        try await respond(request, at: endpoint, with: curl, mutates: mutates).body
    }

    /// The same with the answer's head.
    static func respond(
        _ request: CurlRequest, at endpoint: Endpoint, with curl: Curl, mutates: Bool
    ) async throws -> CurlResponse {
        let response: CurlResponse
        do {
            response = try await curl.perform(request)
        } catch let error as CurlError {
            throw EtcdError(error, endpoint: endpoint.url, mutates: mutates)
        }
        guard response.head.isSuccess else {
            let error = EtcdError(
                status: response.head.status, body: response.body, endpoint: endpoint.url)
            throw mutates ? error.afterChange() : error
        }
        return response
    }

    // MARK: Tokens

    func token(from endpoint: Endpoint, until end: ContinuousClock.Instant) async throws -> String?
    {
        try await authenticator?.token(from: endpoint, until: end)
    }

    func knownToken() async -> String? {
        await authenticator?.knownToken
    }

    /// False where no new token can be had, since there are no credentials.
    func tokenRefused(_ token: String?) async -> Bool {
        guard let authenticator else { return false }
        await authenticator.refused(token)
        return true
    }

    /// etcd's `Authenticate`: a token, or nil where the cluster asks for none.
    private static func authenticate(
        _ credentials: EtcdConfiguration.Credentials, at endpoint: Endpoint,
        until end: ContinuousClock.Instant, curl: Curl, configuration: EtcdConfiguration
    ) async throws -> String? {
        let wire = WireCredentials(name: credentials.username, password: credentials.password)
        let call = try Call("auth/authenticate", wire)
        var request = request(call.path, at: endpoint, token: nil, configuration: configuration)
        request.method = .post(call.body)
        request.admission = .atOnce
        request.deadline = max(.milliseconds(1), end - .now)
        do {
            let body = try await post(request, at: endpoint, with: curl, mutates: false)
            let answer: WireToken = try decode(body, from: endpoint)
            return answer.token
        } catch let error as EtcdError where error.message.contains("authentication is not enabled")
        {
            return nil
        }
    }
}

extension CurlRequest {
    fileprivate mutating func setToken(_ token: String?) {
        headers["Authorization"] = token
    }
}

extension EtcdError {
    /// Whether another member may do better: nothing was changed, and it was not the request.
    var isWorthAnotherEndpoint: Bool {
        switch code {
        case .unavailable, .deadlineExceeded, .tls: true
        case .outcomeUnknown, .leaseNotFound, .leaseExists, .compacted, .futureRevision,
            .clusterChanged, .unauthenticated, .permissionDenied, .tooManyRequests,
            .requestTooLarge, .noSpace, .invalidRequest, .malformedAnswer, .badConfiguration,
            .shutDown, .other:
            false
        }
    }

    /// The one error of a call that failed everywhere it was tried.
    init(failures: [EtcdError]) {
        guard let last = failures.last else {
            self.init(.deadlineExceeded, "no time was left to ask")
            return
        }
        self = last
        guard failures.count > 1 else { return }
        message = failures.map { "\($0.endpoint ?? "?"): \($0.message)" }.joined(separator: "; ")
        isConnectionRefused = failures.allSatisfy(\.isConnectionRefused)
        endpoint = nil
    }
}
