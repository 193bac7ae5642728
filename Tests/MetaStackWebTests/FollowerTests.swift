import Curl
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import MetaStackManagement
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import NIOCore
import ServiceLifecycle
import Synchronization
import Testing

@testable import MetaStackCommands

/// `--watch` and `event watch` through a server that goes and comes back.
@Suite struct FollowerTests {
    private static let host = RecordKey.desiredHost(HostID(unchecked: "a"))

    @Test func nothingIsMissedOfWhatHappensWhileTheServerIsAway() async throws {
        try await LiveServer.run { live in
            let port = try LoopbackPort.free()
            let url = "http://127.0.0.1:\(port)"
            let settings = ServerSettings(url: url, token: live.secrets[.viewer])
            let remote = RemoteAccess(api: try RemoteAPI(settings, curl: live.curl))
            let before = try await live.store.load()
            let told = Told(before)
            async let following: Void = told.follow(remote, after: before.revision, to: "fourth")
            try await live.another(port: port) { _ in
                try await live.want("first")
                try await told.until("first")
            }
            // Nobody listens now.
            try await live.want("second")
            try await live.want("third")
            try await live.another(port: port) { _ in
                try await live.want("fourth")
                try await told.until("fourth")
            }
            try await following
            #expect(told.reasons == ["first", "second", "third", "fourth"])
        }
    }

    @Test func aServerThatGoesWhileAllIsReadAnewIsAskedAgain() async throws {
        let server = BrokenServer()
        try await server.run { url in
            let curl = try Curl(name: "follower")
            let settings = ServerSettings(url: url, token: "mst_x")
            let remote = RemoteAccess(api: try RemoteAPI(settings, curl: curl))
            let seen = Mutex<[Int64]>([])
            try await remote.followChanges(after: Revision(5)) { change in
                guard case .reloaded(let cluster) = change else { return false }
                seen.withLock { $0.append(cluster.revision.number) }
                return true
            }
            #expect(seen.withLock(\.self) == [9])
            await curl.shutdown()
        }
        // Twice the server went in the midst of it; each time the stream was opened where it had broken.
        #expect(server.asked.withLock(\.self) == ["5", "5", "5"])
    }
}

extension LiveServer {
    fileprivate func want(_ reason: String) async throws {
        let key = RecordKey.desiredHost(HostID(unchecked: "a"))
        let wish = DesiredHost(state: .maintenance, reason: reason)
        _ = try await store.write([.put(key, wish)], if: [])
    }
}

/// The reasons for a host's maintenance that a follower was told, one after the other.
private final class Told: Sendable {
    private let state: Mutex<(cluster: Cluster, reasons: [String])>

    init(_ cluster: Cluster) { state = Mutex((cluster, [])) }

    var reasons: [String] { state.withLock(\.reasons) }

    /// Follows up to a reason.
    func follow(
        _ remote: RemoteAccess, after revision: Revision, to last: String
    ) async throws {
        try await remote.followChanges(after: revision) { change in
            state.withLock { state in
                // Each record that came, and not only what stands there at the end.
                if case .records(let records, _) = change {
                    for record in records {
                        state.cluster.apply(record)
                        let host = state.cluster.desiredHosts[HostID(unchecked: "a")]?.value
                        if let reason = host?.reason { state.reasons.append(reason) }
                    }
                }
                return state.reasons.last == last
            }
        }
    }

    func until(_ reason: String) async throws {
        let end = ContinuousClock.now + .seconds(20)
        while reasons.last != reason {
            guard ContinuousClock.now < end else {
                throw TestingError("\(reason) was not told within 20 s, but \(reasons)")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}

/// Says `reload` to whoever follows, and breaks off in the midst of the records: once by an answer of
/// a proxy's, once by the end of the connection, and then no more.
private final class BrokenServer: Sendable {
    private struct Gone: Error {}

    /// The revisions after which it was asked for changes.
    let asked = Mutex<[String]>([])
    private let reads = Mutex(0)

    func run(_ body: @escaping @Sendable (String) async throws -> Void) async throws {
        let (ports, port) = AsyncStream<Int>.makeStream()
        let logger = Logger(label: "broken") { _ in SwiftLogNoOpLogHandler() }
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { port.yield($0.localAddress?.port ?? 0) }, logger: logger)
        let group = ServiceGroup(services: [application], logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask {
                for await number in ports {
                    try await body("http://127.0.0.1:\(number)")
                    return
                }
            }
            defer { tasks.cancelAll() }
            try await tasks.next()
        }
    }

    private var router: Router<BasicRequestContext> {
        let router = Router()
        router.get("/api/v1/records/changes") { [self] request, _ in
            let after = request.uri.queryParameters["after"].map(String.init) ?? ""
            asked.withLock { $0.append(after) }
            return Response(
                status: .ok, headers: [.contentType: "text/event-stream"],
                body: ResponseBody { writer in
                    try await writer.write(ByteBuffer(string: "event: reload\ndata: {}\n\n"))
                    try await Task.sleep(for: .seconds(60))
                    try await writer.finish(nil)
                })
        }
        router.get("/api/v1/records") { [self] _, _ in
            switch reads.withLock({ reads -> Int in
                reads += 1
                return reads
            }) {
            case 1: return Response(status: .badGateway)
            case 2:
                return Response(
                    status: .ok,
                    body: ResponseBody { writer in
                        try await writer.write(ByteBuffer(string: #"{"revision": 9,"#))
                        throw Gone()
                    })
            default:
                let answer = #"{"revision": 9, "records": []}"#
                return Response(
                    status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: answer)))
            }
        }
        return router
    }
}
