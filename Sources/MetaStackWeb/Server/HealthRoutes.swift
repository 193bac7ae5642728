import HTTPTypes
import Hummingbird
import MetaStackManagement
import MetaStackModel
import NIOCore

/// Whether the server lives, whether it can serve, and figures for Prometheus.
struct HealthRoutes {
    let mirror: ClusterMirror
    let streams: StreamCount
    let requests: RequestCount

    var routes: [APIRoute] { [live, ready, metrics] }

    private var live: APIRoute {
        APIRoute(
            method: .get, path: "/livez", role: nil, id: "live", tag: "health",
            summary: "Whether the process answers.",
            answers: [
                APIAnswer(status: 200, summary: "It does.", content: [("text/plain", .object([:]))])
            ]
        ) { _, _ in
            .text("ok\n")
        }
    }

    private var ready: APIRoute {
        APIRoute(
            method: .get, path: "/readyz", role: nil, id: "ready", tag: "health",
            summary: "Whether it follows etcd.",
            answers: [
                APIAnswer(
                    status: 200, summary: "It does.", content: [("text/plain", .object([:]))]),
                APIAnswer(
                    status: 503, summary: "It does not.", content: [("text/plain", .object([:]))]),
            ]
        ) { _, _ in
            mirror.isFollowing
                ? .text("ok\n")
                : .text("etcd is not followed\n", status: .serviceUnavailable)
        }
    }

    private var metrics: APIRoute {
        APIRoute(
            method: .get, path: "/metrics", role: .viewer, id: "metrics", tag: "health",
            summary: "Figures in Prometheus's text format.",
            answers: [
                APIAnswer(
                    status: 200, summary: "Them.", content: [("text/plain", .object([:]))])
            ]
        ) { _, _ in
            let text = MetricsText(
                cluster: mirror.cluster, isFollowing: mirror.isFollowing, streams: streams.now,
                requests: requests.counts)
            return .text(text.text, type: "text/plain; version=0.0.4; charset=utf-8")
        }
    }
}

extension Response {
    static func text(
        _ text: String, type: String = "text/plain; charset=utf-8",
        status: HTTPResponse.Status = .ok
    ) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = type
        return Response(
            status: status, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
