import Foundation
import Logging
import MetaStackLogging
import MetaStackModel
import Testing

/// A program's log, and which server it goes to.
@Suite struct ProgramLogTests {
    @Test func theDeploymentsServerBeatsTheConfigurationAsLongAsItIsThere() async throws {
        let own = try TestServer(type: SOCK_DGRAM)
        let theirs = try TestServer(type: SOCK_STREAM)
        var settings = LogSettings()
        settings.syslog = .udp(host: "127.0.0.1", port: Int(own.port))
        let log = ProgramLog(settings, application: "test-app", descriptor: -1)
        let logger = log.logger()
        logger.info("one")
        #expect(try own.datagram().hasSuffix(" one"))

        log.use(.tcp(host: "127.0.0.1", port: Int(theirs.port)))
        let connection = try theirs.accept()
        #expect(
            try connection.frame().contains("syslog server chosen by=global_config/syslog_server"))
        logger.info("two")
        #expect(try connection.frame().hasSuffix(" two"))

        log.use(nil)
        #expect(try own.datagram().contains("syslog server chosen by=configuration"))
        log.use(nil)
        logger.info("three")
        #expect(try own.datagram().hasSuffix(" three"))
        await log.close()
    }

    @Test func aPersonSeesWarningsAndSyslogTheRest() async throws {
        let server = try TestServer(type: SOCK_DGRAM)
        let output = CapturedOutput()
        var settings = LogSettings()
        settings.syslog = .udp(host: "127.0.0.1", port: Int(server.port))
        let log = ProgramLog(
            settings, application: "test-app", reader: .person, descriptor: output.descriptor)
        log.logger().info("record written", metadata: ["vm": "web"])
        log.logger().warning("etcd is slow")
        #expect(try server.datagram().hasSuffix(" record written vm=web"))
        #expect(try server.datagram().hasSuffix(" etcd is slow"))
        await log.close()
        let lines = try output.lines()
        #expect(lines.count == 1)
        #expect(lines.first?.hasSuffix("warning etcd is slow") == true)
    }

    @Test func aServerThatIsAwayHoldsUpNoEnd() async throws {
        let reserved = try TestServer(type: SOCK_STREAM).port
        var settings = LogSettings()
        settings.syslog = .tcp(host: "127.0.0.1", port: Int(reserved))
        let log = ProgramLog(settings, application: "test-app", descriptor: -1)
        log.logger().info("nobody hears it")
        let start = ContinuousClock.now
        await log.close(within: .seconds(60))
        #expect(ContinuousClock.now - start < .seconds(30))
    }
}
