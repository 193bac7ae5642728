import Glibc
import Logging

extension LogRecord {
    /// `2026-11-21T10:00:00.123Z info session granted lease=77 node=n1`
    var text: String { "\(time.rfc3339) \(level.rawValue) \(line)" }

    /// One JSON object; the values stand under `metadata`, where no key can hide another one.
    var json: String {
        var fields = [
            "\"time\":\"\(time.rfc3339)\"", "\"level\":\"\(level.rawValue)\"",
            "\"logger\":\(jsonString(label))", "\"event\":\"\(event)\"",
            "\"message\":\(jsonString(message))",
        ]
        if !metadata.isEmpty { fields.append("\"metadata\":\(jsonValue(.dictionary(metadata)))") }
        return "{\(fields.joined(separator: ","))}"
    }
}

/// Who writes to syslog.
struct SyslogIdentity: Sendable {
    /// The program's name, printable and in one word.
    let application: String
    private let host: String
    private let process = getpid()

    /// - Parameter application: cut to 48 characters (RFC 5424's limit).
    init(application: String) {
        self.application = word(application, limit: 48)
        host = word(hostName(), limit: 255)
    }

    /// RFC 5424 with the event as the message's kind, and its values as structured data.
    ///
    /// They stand in the message as well: what most receivers write into their files is the message
    /// alone, and one VM's life is to be found in there.
    func rfc5424(_ entry: SyslogEntry) -> String {
        "<\(entry.priority)>1 \(entry.time.rfc3339) \(host) \(application) \(process) "
            + "\(entry.event) \(entry.structuredData) \(entry.line)"
    }

    /// What local daemons read from `/dev/log`: RFC 3164 without the host, which they know.
    func local(_ entry: SyslogEntry) -> String {
        "<\(entry.priority)>\(entry.time.rfc3164) \(application)[\(process)]: \(entry.line)"
    }
}

private func jsonValue(_ value: Logger.MetadataValue) -> String {
    switch value {
    case .string(let text): return jsonString(text)
    case .stringConvertible(let value): return jsonString(value.description)
    case .array(let values): return "[\(values.map(jsonValue).joined(separator: ","))]"
    case .dictionary(let values):
        let members = values.sorted { $0.key < $1.key }
            .map { "\(jsonString($0.key)):\(jsonValue($0.value))" }
        return "{\(members.joined(separator: ","))}"
    }
}

private func jsonString(_ text: String) -> String { "\"\(escaped(text, alsoQuotes: true))\"" }

/// Printable ASCII without blanks; `-`, RFC 5424's sign for nothing, where nothing is left.
private func word(_ text: String, limit: Int) -> String {
    let bytes = text.utf8.prefix(limit).map { (33...126).contains($0) ? $0 : 95 }
    return bytes.isEmpty ? "-" : String(decoding: bytes, as: UTF8.self)
}

private func hostName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "" }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
