import Ceph
import Foundation
import Subprocess

/// A real Ceph for the whole test process: one monitor, one OSD, in memory, on 127.0.0.1.
final class CephFixture: Sendable {
    /// A temporary directory that ends with the Ceph.
    let directory: String

    private init(directory: String) { self.directory = directory }

    /// The one instance, started by the first test that asks.
    static func shared() async throws -> CephFixture { try await starting.value }

    private static let starting = Task { try await start() }

    /// A client with RBD's own capabilities and nothing more.
    var configuration: CephConfiguration { configuration(user: "metastack") }

    func configuration(user: String) -> CephConfiguration {
        CephConfiguration(
            configurationFile: directory + "/ceph.conf", user: user,
            keyring: directory + "/client.\(user).keyring", timeout: .seconds(10))
    }

    /// A connection of its own; whoever makes it closes it.
    static func connect(user: String = "metastack") async throws -> CephCluster {
        try await CephCluster.connect(shared().configuration(user: user))
    }

    /// Runs one of Ceph's own programs, as the administrator, and returns what it prints.
    static func run(_ program: String, _ words: [String]) async throws -> String {
        let configuration = try await shared().directory + "/ceph.conf"
        let result = try await Subprocess.run(
            .name(program), arguments: Arguments(["--conf", configuration] + words),
            output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        guard result.terminationStatus.isSuccess else {
            throw FixtureError(description: "\(program) \(words): \(result.standardError)")
        }
        return result.standardOutput
    }

    /// Lets the OSD answer nothing for the time of `body`.
    func withoutOSD(_ body: () async throws -> Void) async throws {
        let file = try String(contentsOfFile: directory + "/osd.pid", encoding: .utf8)
        guard let osd = pid_t(file.dropLast()) else { throw FixtureError(description: file) }
        kill(osd, SIGSTOP)
        defer { kill(osd, SIGCONT) }
        try await body()
    }

    private static func start() async throws -> CephFixture {
        let directory = NSTemporaryDirectory() + "/ceph-\(UUID().uuidString.prefix(8))"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments =
            ["-c", cephScript, "ceph-for-tests", directory] + freePorts(2).map { "\($0)" }
        let (input, output, errors) = (Pipe(), Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = errors
        for pipe in [input, output, errors] {
            // Children of other tests must not hold these open.
            _ = fcntl(pipe.fileHandleForReading.fileDescriptor, F_SETFD, FD_CLOEXEC)
            _ = fcntl(pipe.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        }
        try process.run()
        // The write end stays open as long as this process lives: its end ends Ceph.
        guardPipe = input
        let answer = await firstBytes(of: output)
        guard answer == "ready\n" else {
            let reason = String(
                decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            throw FixtureError(description: "no Ceph for the tests: \(reason)")
        }
        return CephFixture(directory: directory)
    }

    nonisolated(unsafe) private static var guardPipe: Pipe?
}

struct FixtureError: Error, CustomStringConvertible { let description: String }

/// Ends at the first output, or at the end of the process; never blocks the cooperative pool.
private func firstBytes(of pipe: Pipe) async -> String {
    await withCheckedContinuation { continuation in
        // A queue's own thread: those of global queues are the pool's.
        DispatchQueue(label: "ceph-fixture").async {
            let data = pipe.fileHandleForReading.availableData
            continuation.resume(returning: String(decoding: data, as: UTF8.self))
        }
    }
}

/// Ports of 127.0.0.1 that nobody listened on a moment ago, all different.
func freePorts(_ count: Int) -> [UInt16] {
    let sockets = (0..<count).map { _ in socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
    defer { for socket in sockets { close(socket) } }
    return sockets.map { socket in
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                _ = bind(socket, generic, length)
                _ = getsockname(socket, generic, &length)
            }
        }
        return UInt16(bigEndian: address.sin_port)
    }
}

/// Connects, opens the pools, runs the test and closes, also when it fails.
func withPools(
    _ body: (_ cluster: CephCluster, _ vms: CephPool, _ images: CephPool) async throws -> Void
) async throws {
    let cluster = try await CephFixture.connect()
    do {
        try await body(cluster, cluster.pool("vms"), cluster.pool("images"))
    } catch {
        await cluster.close()
        throw error
    }
    await cluster.close()
}

/// A name that no other test uses.
func uniqueName(_ stem: String) -> String { "\(stem)-\(UUID().uuidString.prefix(8).lowercased())" }

/// Deletes itself with its last user.
final class TemporaryFile {
    let path = NSTemporaryDirectory() + "/" + uniqueName("ceph-test-file")

    init(_ content: Data) throws {
        guard FileManager.default.createFile(atPath: path, contents: content) else {
            throw FixtureError(description: "cannot write \(path)")
        }
    }

    deinit { unlink(path) }
}
