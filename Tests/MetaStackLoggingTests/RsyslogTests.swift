import Foundation
import Logging
import MetaStackLogging
import MetaStackModel
import Testing

/// What a real rsyslogd makes of our records.
@Suite struct RsyslogTests {
    @Test(arguments: ["udp", "tcp"])
    func readsEventStructuredDataAndMessageOfARemoteRecord(_ way: String) async throws {
        try await Rsyslogd.run { server in
            var settings = LogSettings()
            settings.syslog =
                way == "udp"
                ? .udp(host: "127.0.0.1", port: Int(server.udpPort))
                : .tcp(host: "127.0.0.1", port: Int(server.tcpPort))
            let log = ProgramLog(settings, application: "metastack-node", descriptor: -1)
            log.logger().warning(
                "guest resumed", metadata: ["vm": "web-1", "duration_ms": "12", "q": "a \"b\" ]"])
            let lines = try await server.until("a record has come") { !$0.isEmpty }
            #expect(
                lines == [
                    #"metastack-node|warning|guest-resumed|[metastack@32473 duration_ms="12" "#
                        + #"q="a \"b\" \]" vm="web-1"]|"#
                        + #"guest resumed duration_ms=12 q="a \"b\" ]" vm=web-1"#
                ])
            await log.close()
        }
    }

    @Test func readsARecordOfTheLocalSocket() async throws {
        try await Rsyslogd.run { server in
            let sink = SyslogSink(
                destination: .local(path: server.socket), application: "metastack-node")
            let logger = Logger(label: "tests") { label in
                MetaStackLogHandler(
                    label: label, configuration: LogConfiguration(), syslog: sink, descriptor: -1)
            }
            logger.error("cannot start the guest", metadata: ["vm": "web-1"])
            let lines = try await server.until("a record has come") { !$0.isEmpty }
            #expect(
                lines == ["metastack-node|err|-|-| cannot start the guest vm=web-1"])
            await sink.close()
        }
    }

    @Test func keepsFramesApartWhateverIsInThem() async throws {
        try await Rsyslogd.run { server in
            var settings = LogSettings()
            settings.syslog = .tcp(host: "127.0.0.1", port: Int(server.tcpPort))
            let log = ProgramLog(settings, application: "metastack-node", descriptor: -1)
            for text in hostile { log.logger().info("\(text)", metadata: ["value": "\(text)"]) }
            log.logger().info("last")
            let lines = try await server.until("all have come") {
                $0.last?.hasSuffix("last|-|last") == true
            }
            #expect(lines.count == hostile.count + 1)
            await log.close()
        }
    }
}
