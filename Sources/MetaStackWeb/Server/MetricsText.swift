import HTTPTypes
import Hummingbird
import MetaStackManagement
import MetaStackModel
import Synchronization

/// The server's figures in Prometheus's text exposition format (version 0.0.4).
struct MetricsText {
    let cluster: Cluster?
    let isFollowing: Bool
    let streams: Int
    /// By method and status.
    let requests: [RequestCount.Label: Int]

    var text: String {
        var figures = PrometheusText()
        figures.add(
            "metastack_following", .gauge, "Whether etcd is followed.",
            [.init([], isFollowing ? 1 : 0)])
        figures.add(
            "metastack_event_streams", .gauge, "Event streams that are open.",
            [.init([], Double(streams))])
        figures.add(
            "metastack_http_requests_total", .counter, "Answers by method and status.",
            requests.sorted { $0.key < $1.key }.map {
                .init(
                    [("method", $0.key.method), ("status", "\($0.key.status)")],
                    Double($0.value))
            })
        if let cluster { Self.add(cluster, to: &figures) }
        return figures.text
    }

    private static func add(_ cluster: Cluster, to figures: inout PrometheusText) {
        lazy var reasons = PendingReasons(cluster)
        var vms = Dictionary(VMStatus.Word.allCases.map { ($0.rawValue, 0) }) { $1 }
        for vm in VMOverview.all(in: cluster) {
            vms[VMStatus(vm, pending: reasons).word.rawValue, default: 0] += 1
        }
        var hosts = Dictionary(HostStatus.allCases.map { ($0.rawValue, 0) }) { $1 }
        for host in cluster.hostNames.known {
            hosts[HostStatus(host.id, in: cluster).rawValue, default: 0] += 1
        }
        func samples(_ counts: [String: Int]) -> [PrometheusText.Sample] {
            counts.sorted { $0.key < $1.key }.map { .init([("state", $0.key)], Double($0.value)) }
        }
        func each(_ value: (Host) -> Int) -> [PrometheusText.Sample] {
            cluster.hosts.sorted { $0.key < $1.key }
                .map { .init([("host", $0.key.text)], Double(value($0.value.value))) }
        }
        figures.add("metastack_vms", .gauge, "VMs by state.", samples(vms))
        figures.add("metastack_hosts", .gauge, "Hosts by state.", samples(hosts))
        figures.add(
            "metastack_images", .gauge, "Images.", [.init([], Double(cluster.images.count))])
        figures.add(
            "metastack_malformed_records", .gauge, "Records that cannot be read.",
            [.init([], Double(cluster.malformed.count))])
        figures.add(
            "metastack_revision", .gauge, "etcd's revision as it is known.",
            [.init([], Double(cluster.revision.number))])
        figures.add(
            "metastack_host_ram_mebibytes", .gauge, "What a host has for guests.",
            each(\.totalRAM.count))
        figures.add(
            "metastack_host_ram_used_mebibytes", .gauge, "What claims take of it.",
            each(\.usedRAM.count))
        figures.add("metastack_host_vcpus", .gauge, "A host's processors.", each(\.totalVCPU))
        figures.add(
            "metastack_host_vcpus_used", .gauge, "Virtual processors promised.", each(\.usedVCPU))
    }
}

/// Counts answers.
final class RequestCount: Sendable {
    struct Label: Hashable, Comparable {
        let method: String
        let status: Int

        static func < (left: Self, right: Self) -> Bool {
            (left.method, left.status) < (right.method, right.status)
        }
    }

    private let state = Mutex<[Label: Int]>([:])

    var counts: [Label: Int] { state.withLock(\.self) }

    fileprivate func note(_ method: HTTPRequest.Method, _ status: Int) {
        let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
        let method = known.contains(method.rawValue) ? method.rawValue : "other"
        state.withLock { $0[Label(method: method, status: status), default: 0] += 1 }
    }
}

/// Counts every answer, whichever route gave it.
struct CountRequests: RouterMiddleware {
    typealias Context = WebContext
    let count: RequestCount

    func handle(
        _ request: Request, context: WebContext,
        next: (Request, WebContext) async throws -> Response
    ) async throws -> Response {
        let response = try await next(request, context)
        count.note(request.method, response.status.code)
        return response
    }
}
