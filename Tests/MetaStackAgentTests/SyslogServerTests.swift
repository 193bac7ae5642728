import MetaStackAgent
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Synchronization
import Testing

extension AgentTests {
    struct SyslogServerTests {
        private final class Told: Sendable {
            private let servers = Mutex<[LogSettings.Syslog?]>([])
            var last: LogSettings.Syslog?? { servers.withLock(\.last) }
            func note(_ server: LogSettings.Syslog?) { servers.withLock { $0.append(server) } }
        }

        @Test func theNodeFollowsTheDeploymentsSyslogServer() async throws {
            try await TestFleet.run { fleet in
                let told = Told()
                let path = "global_config/syslog_server"
                // One that is there before the node starts.
                try await fleet.put(path, #"{"server": "udp://10.0.0.9:514"}"#)
                fleet.start(
                    try fleet.host("n1", number: 1),
                    adjust: { $0.syslog = { told.note($0) } })
                func wait(for server: LogSettings.Syslog?) async throws {
                    try await fleet.eventually("the log goes to \(String(describing: server))") {
                        told.last == .some(server)
                    }
                }
                try await wait(for: .udp(host: "10.0.0.9", port: 514))
                try await fleet.put(path, #"{"server": "tcp://10.0.0.8:514"}"#)
                try await wait(for: .tcp(host: "10.0.0.8", port: 514))
                try await fleet.put(path, #"{"server": "somewhere"}"#)
                try await wait(for: nil)
                try await fleet.eventually("the record is reported") {
                    fleet.log.tail.contains("record \(path) is malformed")
                }
                try await fleet.put(path, #"{"server": "local"}"#)
                try await wait(for: .local)
                try await fleet.delete(path)
                try await wait(for: nil)
            }
        }
    }
}
