import Foundation
import MetaStackTesting
import Subprocess

/// A real rsyslogd of the test's own: in the foreground, on loopback, with a configuration, a socket and
/// a file in a directory that goes with it.
struct Rsyslogd: Sendable {
    let udpPort: UInt16
    let tcpPort: UInt16
    private let folder: URL

    var socket: String { folder.appending(path: "log").path }
    /// One line a record: application, event, structured data and message, as rsyslogd read them.
    private var file: URL { folder.appending(path: "received") }

    /// Runs it for the time of `body`.
    static func run(_ body: @Sendable @escaping (Rsyslogd) async throws -> Void) async throws {
        let folder = URL(filePath: NSTemporaryDirectory())
            .appending(path: "rsyslog-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }  // A leftover harms nobody.
        let server = Rsyslogd(
            udpPort: UInt16(try LoopbackPort.free()), tcpPort: UInt16(try LoopbackPort.free()),
            folder: folder)
        let config = folder.appending(path: "rsyslog.conf")
        try Data(server.configuration.utf8).write(to: config)
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Ended by its task's cancellation, which signals the child and nobody else.
            group.addTask {
                _ = try await Subprocess.run(
                    .name("rsyslogd"),
                    arguments: [
                        "-n", "-f", config.path, "-i", folder.appending(path: "pid").path,
                    ], output: .discarded, error: .discarded)
            }
            defer { group.cancelAll() }
            try await server.isListening()
            try await body(server)
        }
    }

    private var configuration: String {
        """
        global(workDirectory="\(folder.path)")
        module(load="imudp")
        module(load="imtcp")
        module(load="imuxsock" SysSock.Use="off")
        input(type="imudp" address="127.0.0.1" port="\(udpPort)")
        input(type="imtcp" address="127.0.0.1" port="\(tcpPort)")
        input(type="imuxsock" Socket="\(socket)")
        template(name="parts" type="string"
            string="%app-name%|%syslogseverity-text%|%msgid%|%structured-data%|%msg%\\n")
        action(type="omfile" file="\(file.path)" template="parts")

        """
    }

    private func isListening() async throws {
        try await until("rsyslogd listens") { _ in
            FileManager.default.fileExists(atPath: socket)
                && (try? TestServer.connects(to: tcpPort)) != nil  // Not yet.
        }
    }

    /// What it has received, once that is as expected.
    @discardableResult
    func until(_ what: String, _ isSo: ([String]) -> Bool) async throws -> [String] {
        let end = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < end {
            // There is no file before the first record.
            let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
            let lines = text.split(separator: "\n").map(String.init)
            if isSo(lines) { return lines }
            try await Task.sleep(for: .milliseconds(20))
        }
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""  // As above.
        throw TestFailure("it never came true that \(what); received: \(text)")
    }
}

extension TestServer {
    /// Throws where nobody listens at a port.
    static func connects(to port: UInt16) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        address.sin_port = port.bigEndian
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                connect(descriptor, generic, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { throw TestFailure("nobody listens at \(port)") }
    }
}
