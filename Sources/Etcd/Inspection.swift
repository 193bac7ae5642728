import Curl
import FoundationEssentials

/// What a check of etcd itself asks, beyond what programs need of it every day.
public protocol EtcdInspection: Sendable {
    /// The client URLs of the configuration.
    var endpoints: [String] { get }
    /// How one member is, by its own word, over a new connection.
    func inspect(endpoint: String, deadline: Duration) async throws -> EndpointReport
    /// What the cluster has raised an alarm for (etcd's `Alarm`).
    func alarms(deadline: Duration?) async throws -> [EtcdAlarm]
    /// Whether etcd refuses a read of this key to somebody without a name.
    func asksForName(reading key: Key, deadline: Duration) async throws -> Bool
    /// What is left of a lease, without keeping it alive.
    func timeToLive(_ lease: LeaseID, keys: Bool, deadline: Duration?) async throws -> LeaseStatus
}

/// One member's word, and what can be told of its machine.
public struct EndpointReport: Sendable, Equatable {
    public var status: EndpointStatus
    /// How far its clock is ahead of this machine's, behind with a minus; zero where the difference
    /// is less than what HTTP's whole seconds can show, nil where it does not tell its time.
    public var clockOffset: Duration?
    /// The bytes that its database may have; nil where it does not say.
    public var quota: Int64?

    public init(status: EndpointStatus, clockOffset: Duration? = nil, quota: Int64? = nil) {
        self.status = status
        self.clockOffset = clockOffset
        self.quota = quota
    }
}

/// An alarm that a member has raised, and that stands until somebody disarms it.
public struct EtcdAlarm: Sendable, Hashable {
    public var memberID: UInt64
    /// `NOSPACE` or `CORRUPT`.
    public var kind: String

    public init(memberID: UInt64, kind: String) {
        self.memberID = memberID
        self.kind = kind
    }
}

extension EtcdClient: EtcdInspection {
    public var endpoints: [String] { caller.configuration.endpoints }

    public func inspect(endpoint: String, deadline: Duration) async throws -> EndpointReport {
        let asked = Date.now
        let (status, head) = try await answer(of: endpoint, deadline: deadline)
        let offset = head.date.flatMap {
            HTTPClock.offset($0, between: asked, and: Date.now)
        }
        return EndpointReport(
            status: status, clockOffset: offset,
            quota: await quota(of: endpoint, deadline: deadline))
    }

    /// The member's limit as its metrics have it; its status has it since etcd 3.6 only.
    private func quota(of endpoint: String, deadline: Duration) async -> Int64? {
        // A member whose metrics are elsewhere, or nowhere, says nothing of its limit.
        guard let target = try? Endpoint(endpoint, tls: nil) else { return nil }
        var request = await request(at: target, "", deadline: deadline)
        request.url = "\(target.url)/metrics"
        let body = try? await Caller.post(request, at: target, with: caller.curl, mutates: false)
        return body.flatMap { EtcdMetrics.quota(in: String(decoding: $0, as: UTF8.self)) }
    }

    public func alarms(deadline: Duration?) async throws -> [EtcdAlarm] {
        var call = try Call("maintenance/alarm", ["action": "GET"])
        call.deadline = deadline
        return try await caller.answer(to: call, as: WireAlarms.self).list
    }

    public func asksForName(reading key: Key, deadline: Duration) async throws -> Bool {
        guard let target = caller.endpoints.inOrder.first else { return false }
        var read = RangeRequest(.key(key))
        read.countOnly = true
        let call = try Call("kv/range", WireRange(read))
        var request = caller.request(call.path, at: target, token: nil)
        request.method = .post(call.body)
        request.deadline = deadline
        do {
            _ = try await Caller.post(request, at: target, with: caller.curl, mutates: false)
            return false
        } catch let error as EtcdError
            where error.asksForNewToken
            || [.unauthenticated, .permissionDenied].contains(error.code)
        {
            return true
        }
    }
}

/// What HTTP's `Date` says of another machine's clock.
enum HTTPClock {
    /// - Parameter second: since 1970, written at some moment between the two and cut to a whole one
    ///   (RFC 9110, 5.6.7).
    static func offset(_ second: Int, between asked: Date, and answered: Date) -> Duration {
        let (asked, answered) = (asked.timeIntervalSince1970, answered.timeIntervalSince1970)
        let begin = Double(second)
        if begin > answered { return .seconds(begin - answered) }
        return begin + 1 < asked ? .seconds(begin + 1 - asked) : .zero
    }
}

/// What is read of a member's metrics (Prometheus's text format).
enum EtcdMetrics {
    static func quota(in text: String) -> Int64? {
        let name = "etcd_server_quota_backend_bytes "
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) }),
            let value = Double(line.dropFirst(name.count)), value > 0, value < 1e18
        else { return nil }
        return Int64(value)
    }
}

private struct WireAlarms: Decodable {
    struct Entry: Decodable {
        var memberID: WireUInt64?
        var alarm: String?
    }
    var alarms: [Entry]?

    var list: [EtcdAlarm] {
        (alarms ?? []).map {
            EtcdAlarm(memberID: $0.memberID?.number ?? 0, kind: $0.alarm ?? "")
        }
    }
}
