import Foundation
import Logging
import MetaStackLogging
import Testing

@Suite struct FormatTests {
    @Test func textHasTimeLevelMessageAndSortedValues() throws {
        let line = try #require(
            try logged(.text) {
                $0.info("session granted", metadata: ["node": "n1", "lease": "7"])
            }
            .first)
        #expect(
            line.wholeMatch(
                of: /20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ info session granted lease=7 node=n1/)
                != nil)
    }

    @Test func textQuotesValuesThatAreNoWord() throws {
        let lines = try logged(.text) {
            $0.info("x", metadata: ["a": "b c", "d": "", "e f": "say \"hi\"", "list": ["1", "2"]])
        }
        #expect(
            lines.first?.hasSuffix(
                #"info x a="b c" d="" e_f="say \"hi\"" list="[\"1\", \"2\"]""#) == true)
    }

    @Test(arguments: [LogConfiguration.Format.text, .json, .rfc5424])
    func oneRecordIsOneLine(format: LogConfiguration.Format) throws {
        let lines = try logged(format) { logger in
            for text in hostile {
                logger.info("\(text)", metadata: [text: "\(text)", "all": .array([.string(text)])])
            }
        }
        #expect(lines.count == hostile.count)
        for line in lines {
            #expect(!line.unicodeScalars.contains { $0.value < 32 || (127...159) ~= $0.value })
            #expect(!line.unicodeScalars.contains("\u{2028}"))
        }
    }

    @Test func jsonIsValidAndHoldsTheValuesAsTheyWere() throws {
        let lines = try logged(.json) { logger in
            for text in hostile {
                logger.warning(
                    "\(text)",
                    metadata: ["time": "\(text)", text: .array([.string(text), ["k": "v"]])])
            }
        }
        for (line, text) in zip(lines, hostile) {
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
            let record = try #require(object as? [String: Any])
            #expect(record["message"] as? String == text)
            #expect(record["level"] as? String == "warning")
            #expect(record["logger"] as? String == "tests")
            let metadata = try #require(record["metadata"] as? [String: Any])
            #expect(metadata["time"] as? String == text)
            let list = try #require(metadata[text] as? [Any])
            #expect(list.first as? String == text)
            #expect(list.last as? [String: String] == ["k": "v"])
        }
    }

    @Test func rfc5424HasItsFieldsInOrder() throws {
        let line = try #require(
            try logged(.rfc5424) { $0.error("broken", metadata: ["a": "b"]) }.first)
        #expect(
            line.wholeMatch(
                of: /<27>1 20\S+Z \S+ tests \d+ broken \[metastack@32473 a="b"\] broken a=b/) != nil
        )
    }

    @Test func dropsWhatIsBelowTheLevel() throws {
        let lines = try logged(.text, level: .warning) { logger in
            logger.info("no")
            logger.warning("yes")
        }
        #expect(lines.count == 1)
    }

    @Test func mergesValuesTheNearestLast() throws {
        let output = CapturedOutput()
        var handler = MetaStackLogHandler(
            label: "tests", configuration: LogConfiguration(), descriptor: output.descriptor)
        handler.metadataProvider = Logger.MetadataProvider { ["b": "provider", "c": "provider"] }
        handler[metadataKey: "a"] = "logger"
        handler[metadataKey: "b"] = "logger"
        var logger = Logger(label: "tests") { _ in handler }
        logger[metadataKey: "d"] = "logger"
        logger.info("x", metadata: ["c": "call"])
        #expect(
            try output.lines().first?.hasSuffix("x a=logger b=provider c=call d=logger") == true)
    }

    @Test func structuredDataEscapesWhatEndsAValue() throws {
        let line = try #require(
            try logged(.rfc5424) { $0.info("x", metadata: ["a b]=": #"say "]" \ now"#]) }.first)
        #expect(line.contains(#" x [metastack@32473 a_b__="say \"\]\" \\ now"] x "#))
    }

    @Test func structuredDataLeavesWhatIsTooLongToTheMessage() throws {
        let long = String(repeating: "x", count: 3000)
        let line = try #require(
            try logged(.rfc5424) { $0.info("x", metadata: ["long": "\(long)", "vm": "web"]) }.first)
        #expect(line.contains(#"[metastack@32473 vm="web"] x long=xxx"#))
        #expect(line.hasSuffix("xxx vm=web"))
    }

    @Test(arguments: [
        ("guest resumed", "guest-resumed"),
        ("session ended: etcd has no such lease", "session-ended-etcd-has-no-such"),
        ("KVM takes no guest here", "kvm-takes-no-guest-here"), ("größe", "gr-e"), ("…", "-"),
    ])
    func theMessageNamesTheEvent(message: String, event: String) throws {
        let rfc5424 = try #require(try logged(.rfc5424) { $0.info("\(message)") }.first)
        #expect(rfc5424.split(separator: " ", maxSplits: 6)[5] == event)
        let json = try #require(try logged(.json) { $0.info("\(message)") }.first)
        #expect(json.contains("\"event\":\"\(event)\""))
    }
}

/// The lines that `body`'s records make.
private func logged(
    _ format: LogConfiguration.Format, level: Logger.Level = .trace, _ body: (Logger) -> Void
) throws -> [String] {
    let output = CapturedOutput()
    let logger = Logger(label: "tests") { label in
        MetaStackLogHandler(
            label: label, configuration: LogConfiguration(level: level, format: format),
            descriptor: output.descriptor)
    }
    body(logger)
    return try output.lines()
}
