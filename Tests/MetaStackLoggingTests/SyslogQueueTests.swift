import Logging
import Testing

@testable import MetaStackLogging

@Suite struct SyslogQueueTests {
    @Test func tellsOfAGapWhereItIs() {
        var queue = SyslogQueue(capacity: 3)
        for number in 1...5 { queue.append(entry("\(number)")) }
        #expect(queue.next()?.line == "1")
        queue.append(entry("6"))
        #expect(queue.next()?.line == "2")
        queue.append(entry("7"))
        #expect(queue.lost == 3)
        let rest = [queue.next(), queue.next(), queue.next(), queue.next()].map { $0?.line }
        #expect(rest == ["3", "syslog records lost count=3", "7", nil])
    }

    @Test func newsThatIsLostIsToldAgainAndCountedOnce() {
        var queue = SyslogQueue(capacity: 2)
        for _ in 1...4 { queue.lose(entry("gone")) }
        for _ in 1...3 {
            guard let news = queue.next() else { continue }
            #expect(news.line == "syslog records lost count=4")
            queue.lose(news)
        }
        #expect(queue.lost == 4)
    }
}

private func entry(_ message: String) -> SyslogEntry {
    SyslogEntry(
        LogRecord(time: .now, level: .info, label: "tests", message: message, metadata: [:]))
}
