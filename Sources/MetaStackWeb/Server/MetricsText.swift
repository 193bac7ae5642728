import HTTPTypes
import Hummingbird
import MetaStackDecisions
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
        var families = [
            family(
                "metastack_following", "gauge", "Whether etcd is followed.",
                [("", isFollowing ? 1 : 0)]),
            family(
                "metastack_event_streams", "gauge", "Event streams that are open.", [("", streams)]),
            family(
                "metastack_http_requests_total", "counter", "Answers by method and status.",
                requests.sorted { $0.key < $1.key }.map {
                    ("method=\"\($0.key.method)\",status=\"\($0.key.status)\"", $0.value)
                }),
        ]
        if let cluster { families += Self.families(of: cluster, family) }
        return families.joined()
    }

    private static func families(
        of cluster: Cluster,
        _ family: (String, String, String, [(String, Int)]) -> String
    ) -> [String] {
        let placement = Placement(cluster)
        var vms = Dictionary(VMStatus.Word.allCases.map { ($0.rawValue, 0) }) { $1 }
        for vm in VMOverview.all(in: cluster) {
            vms[VMStatus(vm, in: cluster, placement: placement).word.rawValue, default: 0] += 1
        }
        var hosts = Dictionary(HostStatus.allCases.map { ($0.rawValue, 0) }) { $1 }
        for host in cluster.hostNames.known {
            hosts[HostStatus(host.id, in: cluster).rawValue, default: 0] += 1
        }
        func samples(_ counts: [String: Int]) -> [(String, Int)] {
            counts.sorted { $0.key < $1.key }.map { ("state=\"\($0.key)\"", $0.value) }
        }
        func each(_ value: (Host) -> Int) -> [(String, Int)] {
            cluster.hosts.sorted { $0.key < $1.key }
                .map { ("host=\"\($0.key)\"", value($0.value.value)) }
        }
        return [
            family("metastack_vms", "gauge", "VMs by state.", samples(vms)),
            family("metastack_hosts", "gauge", "Hosts by state.", samples(hosts)),
            family("metastack_images", "gauge", "Images.", [("", cluster.images.count)]),
            family(
                "metastack_malformed_records", "gauge", "Records that cannot be read.",
                [("", cluster.malformed.count)]),
            family(
                "metastack_revision", "gauge", "etcd's revision as it is known.",
                [("", Int(cluster.revision.number))]),
            family(
                "metastack_host_ram_mebibytes", "gauge", "What a host has for guests.",
                each(\.totalRAM.count)),
            family(
                "metastack_host_ram_used_mebibytes", "gauge", "What claims take of it.",
                each(\.usedRAM.count)),
            family(
                "metastack_host_vcpus", "gauge", "A host's processors.", each(\.totalVCPU)),
            family(
                "metastack_host_vcpus_used", "gauge", "Virtual processors promised.",
                each(\.usedVCPU)),
        ]
    }

    private func family(
        _ name: String, _ type: String, _ help: String, _ samples: [(String, Int)]
    ) -> String {
        "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
            + samples.map { labels, value in
                labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
            }.joined()
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
