import Foundation
import Glibc
import Synchronization

/// What a fixture could not do, in words that say what to do about it.
struct FixtureError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// One etcd process on loopback, with its data in a directory of its own.
final class EtcdServer: Sendable {
    let name: String
    let clientURL: String
    let peerURL: String
    let directory: String
    private let arguments: [String]
    private let pid = Mutex<pid_t?>(nil)

    /// - Parameter scheme: how clients talk to it; members among themselves talk plainly.
    init(name: String, scheme: String, directory: String, arguments: [String]) throws {
        self.name = name
        self.directory = directory
        self.arguments = arguments
        clientURL = "\(scheme)://127.0.0.1:\(try freePort())"
        peerURL = "http://127.0.0.1:\(try freePort())"
    }

    /// `posix_spawn` of etcd as a member of `cluster`, which is `name=peerURL,…`.
    func start(cluster: String) throws {
        let command = [
            "etcd", "--name", name, "--data-dir", "\(directory)/\(name)",
            "--listen-client-urls", clientURL, "--advertise-client-urls", clientURL,
            "--listen-peer-urls", peerURL, "--initial-advertise-peer-urls", peerURL,
            "--initial-cluster", cluster, "--log-level", "warn",
        ]
        let started = try spawn(command + arguments, log: "\(directory)/\(name).log")
        pid.withLock { $0 = started }
    }

    /// Whether the process is there; false once it has ended by itself.
    var isRunning: Bool {
        pid.withLock { pid in
            guard let running = pid else { return false }
            if waitpid(running, nil, WNOHANG) == 0 { return true }
            pid = nil
            return false
        }
    }

    /// SIGKILL, as when the power fails, and waits for the end.
    func kill() {
        pid.withLock { pid in
            guard let running = pid else { return }
            Glibc.kill(running, SIGKILL)
            waitpid(running, nil, 0)
            pid = nil
        }
    }

    /// SIGSTOP, and waits until every thread stands: connections stay open, and nothing answers.
    func stall() {
        pid.withLock { pid in
            guard let running = pid else { return }
            Glibc.kill(running, SIGSTOP)
            waitpid(running, nil, WUNTRACED)
        }
    }

    /// SIGCONT.
    func wake() { pid.withLock { if let pid = $0 { Glibc.kill(pid, SIGCONT) } } }

    var log: String {
        (try? String(contentsOfFile: "\(directory)/\(name).log", encoding: .utf8))
            ?? "no log"  // A server that never started has written none.
    }
}

/// Starts a program with its output in a file, and returns its process id.
func spawn(_ command: [String], log: String) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 1, log, O_CREAT | O_WRONLY | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    // Connections and pipes of other tests must not live on in this child.
    for descriptor in Int32(3)..<1024 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    // A lab's endpoints in the environment are not this test's.
    let command = ["env", "-u", "ETCDCTL_ENDPOINTS"] + command
    let words = command.map { strdup($0) }
    defer { for word in words { free(word) } }
    var pid = pid_t()
    let result = posix_spawnp(&pid, command[0], &actions, nil, words + [nil], environ)
    guard result == 0 else {
        let reason = String(cString: strerror(result))
        throw FixtureError(
            "cannot start \(command[0]): \(reason); apt-get install etcd-server openssl")
    }
    return pid
}

/// A port of 127.0.0.1 that nobody listens on now.
func freePort() throws -> Int {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(listener) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
            bind(listener, generic, size) == 0 ? getsockname(listener, generic, &size) : -1
        }
    }
    guard result == 0 else { throw FixtureError("no free port on 127.0.0.1") }
    return Int(UInt16(bigEndian: address.sin_port))
}
