import Foundation
import MetaStackModel
import Testing

@Suite struct SyslogServerTests {
    @Test(arguments: [
        ("none", LogSettings.Syslog.none), ("local", .local),
        ("udp://10.0.0.1:1514", .udp(host: "10.0.0.1", port: 1514)),
        ("tcp://log.example:514", .tcp(host: "log.example", port: 514)),
        ("tcp://[fd00::1]:6514", .tcp(host: "fd00::1", port: 6514)),
    ])
    func readsAServerAndWritesItTheSame(text: String, expected: LogSettings.Syslog) throws {
        let json = Data(#"{"server": "\#(text)"}"#.utf8)
        let record = try SyslogServer(json: json, path: "global_config/syslog_server")
        #expect(record.server == expected)
        #expect(record.server.description == text)
        #expect(try record.json() == Data(#"{"server":"\#(text)"}"#.utf8))
    }

    @Test(arguments: [
        "remote", "", "udp://", "udp://:514", "udp://h", "udp://h:0", "udp://h:65536", "udp://h:x",
        "tcp://fd00::1", "http://h:514", "udp://h:514/x", "udp://a b:1", "udp://[fd00::1:514",
    ])
    func refusesWhatIsNoServer(text: String) {
        #expect(throws: ValidationError.self) { try LogSettings.Syslog(text) }
    }

    @Test(arguments: [#"{"server": "10.0.0.1"}"#, #"{"server": 5}"#, "{}", #""udp://h:1""#])
    func aMalformedRecordIsReportedAndCountsForNothing(json: String) {
        var cluster = Cluster()
        let path = "global_config/syslog_server"
        func put(_ json: String?, at revision: Int64) {
            cluster.apply(
                RawRecord(
                    path: path, json: json.map { Data($0.utf8) }, revision: Revision(revision),
                    createRevision: Revision(1)))
        }
        put(#"{"server": "udp://10.0.0.9:514"}"#, at: 1)
        #expect(cluster.syslogServer?.value.server == .udp(host: "10.0.0.9", port: 514))
        put(json, at: 2)
        #expect(cluster.syslogServer == nil)
        #expect(cluster.malformed[path]?.description.contains("syslog_server") == true)
        put(nil, at: 3)
        #expect(cluster.malformed.isEmpty)
    }
}
