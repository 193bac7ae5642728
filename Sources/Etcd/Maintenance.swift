import Curl

extension EtcdClient {
    /// The cluster's members (etcd's `MemberList`).
    public func members(deadline: Duration? = nil) async throws -> [Member] {
        var call = try Call("cluster/member/list", WireNothing())
        call.deadline = deadline
        return try await caller.answer(to: call, as: WireMembers.self).list
    }

    /// Asks one member how it is (etcd's `Status`), over a new connection and no other member.
    ///
    /// It works without a quorum: no token is fetched for it, a known one is sent along.
    ///
    /// - Parameters:
    ///   - endpoint: any member's client URL, whether in the configuration or not.
    ///   - deadline: how long it may take in all.
    /// - Throws: `EtcdError`; `isConnectionRefused` is true where the host is up and its etcd not.
    public func status(endpoint: String, deadline: Duration) async throws -> EndpointStatus {
        try await answer(of: endpoint, deadline: deadline).status
    }

    /// One member's own answer, and its head.
    func answer(
        of endpoint: String, deadline: Duration
    ) async throws -> (status: EndpointStatus, head: CurlHead) {
        let target = try Endpoint(endpoint, tls: nil)
        let call = try Call("maintenance/status", WireNothing())
        var request = await request(at: target, call.path, deadline: deadline)
        request.method = .post(call.body)
        let response = try await Caller.respond(
            request, at: target, with: caller.curl, mutates: false)
        let answer: WireStatus = try Caller.decode(response.body, from: target)
        return (answer.status, response.head)
    }

    /// A request to one member, whatever became of others.
    func request(at target: Endpoint, _ path: String, deadline: Duration) async -> CurlRequest {
        var request = caller.request(path, at: target, token: await caller.knownToken())
        request.admission = .atOnce
        request.usesFreshConnection = true
        request.deadline = deadline
        request.connectTimeout = deadline
        return request
    }
}
