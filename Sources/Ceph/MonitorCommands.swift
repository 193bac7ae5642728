internal import CCeph
import FoundationEssentials

/// Where a monitor listens, as a domain's disk source names it to QEMU.
public struct MonitorAddress: Hashable, Sendable {
    /// The IP address, without brackets.
    public let host: String
    /// The port of the v2 protocol where the monitor speaks it, else of v1.
    public let port: UInt16

    /// An address known from elsewhere.
    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }
}

extension CephCluster {
    /// One address of each monitor, in their order (monitor command `mon dump`).
    public func monitors() async throws -> [MonitorAddress] {
        let dump: MonitorDump = try await command(["prefix": "mon dump"], "list monitors of")
        return try dump.mons.map { monitor in
            let addresses = monitor.publicAddresses.addrvec
            let chosen = addresses.first { $0.type == "v2" } ?? addresses.first
            guard let chosen, let endpoint = Endpoint(chosen.addr[...]) else {
                throw CephError(
                    .malformed, "read address of", "monitor \(monitor.name)",
                    "the monitor map names none that can be used")
            }
            return MonitorAddress(host: endpoint.host, port: endpoint.port)
        }
    }

    /// Sends a monitor command (`rados_mon_command`) and decodes its JSON answer.
    func command<Answer: Decodable & Sendable>(
        _ command: [String: String], _ attempt: String, _ subject: String = "the cluster"
    ) async throws -> Answer {
        let answer = try await send(command, attempt, subject)
        do {
            return try JSONDecoder().decode(Answer.self, from: firstValue(of: answer))
        } catch {
            throw CephError(
                .malformed, attempt, subject, "the monitors' answer does not read: \(error)")
        }
    }

    /// Sends a monitor command and returns its answer as it comes.
    @discardableResult
    func send(
        _ command: [String: String], _ attempt: String, _ subject: String
    ) async throws -> Data {
        let command = command.merging(["format": "json"]) { given, _ in given }
        let request = String(decoding: try JSONEncoder().encode(command), as: UTF8.self)
        return try await connection.run(attempt, subject) { cluster in
            try monitorCommand(cluster, request, attempt, subject)
        }
    }
}

/// The answer up to where its first JSON array or object ends.
///
/// `osd blocklist ls` appends a second array for address ranges without anything in between,
/// which no JSON parser takes.
func firstValue(of answer: Data) -> Data {
    var (depth, inString, escaped) = (0, false, false)
    for (index, byte) in zip(answer.indices, answer) {
        switch byte {
        case _ where escaped: escaped = false
        case UInt8(ascii: "\\") where inString: escaped = true
        case UInt8(ascii: "\""): inString.toggle()
        case _ where inString: continue
        case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
        case UInt8(ascii: "]"), UInt8(ascii: "}"):
            depth -= 1
            if depth == 0 { return answer[...index] }
        default: continue
        }
    }
    return answer
}

private func monitorCommand(
    _ cluster: RadosHandle, _ request: String, _ attempt: String, _ subject: String
) throws -> Data {
    var answer: UnsafeMutablePointer<CChar>?
    var answerLength = 0
    var remark: UnsafeMutablePointer<CChar>?
    var remarkLength = 0
    let result = request.withCString { text in
        var words: [UnsafePointer<CChar>?] = [text]
        return rados_mon_command(
            cluster.pointer, &words, 1, nil, 0, &answer, &answerLength, &remark, &remarkLength)
    }
    defer {
        rados_buffer_free(answer)
        rados_buffer_free(remark)
    }
    let said = String(decoding: bytes(remark, remarkLength), as: UTF8.self)
    try checked(result, attempt, subject, said.isEmpty ? nil : said)
    return bytes(answer, answerLength)
}

private func bytes(_ start: UnsafeMutablePointer<CChar>?, _ count: Int) -> Data {
    start.map { Data(bytes: $0, count: count) } ?? Data()
}

private struct MonitorDump: Decodable {
    struct Monitor: Decodable {
        let name: String
        let publicAddresses: Addresses

        enum CodingKeys: String, CodingKey {
            case name
            case publicAddresses = "public_addrs"
        }
    }
    struct Addresses: Decodable { let addrvec: [Address] }
    struct Address: Decodable {
        let type: String
        let addr: String
    }
    let mons: [Monitor]
}
