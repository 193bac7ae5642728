import Glibc

/// Tells the service manager how this service is: systemd's notification protocol, one datagram a
/// message (sd_notify(3), sd_watchdog_enabled(3)).
public final class SystemdNotifier: Sendable {
    /// One assignment of a message.
    enum Line: Sendable, Equatable {
        /// The service has started.
        case ready
        case stopping
        /// What the service does, for people.
        case status(String)
        /// A beat; from the first on the manager's watchdog runs.
        case alive
        /// The service has found itself broken: as if its beats had stopped long enough.
        case broken
        /// Another time-out for the beats.
        case watchdog(Duration)

        var text: String {
            switch self {
            case .ready: "READY=1"
            case .stopping: "STOPPING=1"
            case .status(let text): "STATUS=\(text)"
            case .alive: "WATCHDOG=1"
            case .broken: "WATCHDOG=trigger"
            case .watchdog(let timeout): "WATCHDOG_USEC=\(timeout.microseconds)"
            }
        }
    }

    /// After how long a silence the manager acts; nil where it does not watch this process.
    public let watchdog: Duration?
    let descriptor: Int32
    private let address: NotifyAddress

    /// nil where nobody wants to be told (`$NOTIFY_SOCKET` is not set).
    ///
    /// - Parameters:
    ///   - environment: the process's, with `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`.
    ///   - process: the id that the manager would watch; this process without.
    /// - Throws: `WatchdogError`.
    public init?(environment: [String: String], process: Int32? = nil) throws {
        guard let path = environment["NOTIFY_SOCKET"], !path.isEmpty else { return nil }
        address = try NotifyAddress(path)
        watchdog = Self.watchdog(environment, process ?? getpid())
        descriptor = socket(
            AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else {
            throw WatchdogError("cannot make a socket for \(path)", number: errno)
        }
    }

    deinit { close(descriptor) }

    private static func watchdog(_ environment: [String: String], _ process: Int32) -> Duration? {
        // A process that inherited another's environment is not the one that is watched.
        if let watched = environment["WATCHDOG_PID"], watched != "\(process)" { return nil }
        guard let time = environment["WATCHDOG_USEC"].flatMap(Int64.init), time > 0 else {
            return nil
        }
        return .microseconds(time)
    }

    /// Sends one message, and never waits for a manager that does not read: the next beat comes soon.
    ///
    /// - Throws: `WatchdogError`.
    func send(_ lines: [Line]) throws {
        let message = Array(lines.map(\.text).joined(separator: "\n").utf8)
        let sent = address.withPointer { pointer, length in
            sendto(
                descriptor, message, message.count,
                Int32(MSG_NOSIGNAL | MSG_DONTWAIT), pointer, length)
        }
        guard sent == message.count else {
            throw WatchdogError("cannot tell the service manager at \(address.path)", number: errno)
        }
    }
}

/// A Unix socket's address: a path, or with `@` in front a name in the abstract namespace (unix(7)).
private struct NotifyAddress: Sendable {
    let path: String
    private let value: sockaddr_un
    private let length: socklen_t

    init(_ path: String) throws {
        self.path = path
        var value = sockaddr_un()
        value.sun_family = sa_family_t(AF_UNIX)
        let isAbstract = path.hasPrefix("@")
        var bytes = Array(path.utf8)
        guard isAbstract || path.hasPrefix("/") else {
            throw WatchdogError("NOTIFY_SOCKET is \(path): only Unix sockets are known here")
        }
        if isAbstract { bytes[0] = 0 }
        let fits = withUnsafeMutableBytes(of: &value.sun_path) { room in
            // A path ends with a zero byte, an abstract name by its length.
            guard bytes.count < room.count else { return false }
            room.copyBytes(from: bytes)
            return true
        }
        guard fits else {
            throw WatchdogError("NOTIFY_SOCKET is longer than a socket's name can be")
        }
        let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 0
        length = socklen_t(offset + bytes.count + (isAbstract ? 0 : 1))
        self.value = value
    }

    func withPointer<Value>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Value) -> Value {
        withUnsafePointer(to: value) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }
}

/// Why a watchdog cannot be fed.
public struct WatchdogError: Error, CustomStringConvertible {
    public let description: String

    /// - Parameter number: `errno`, where it says why.
    init(_ what: String, number: Int32? = nil) {
        description = what + (number.map { ": \(String(cString: strerror($0)))" } ?? "")
    }
}

extension Duration {
    /// In whole microseconds, rounded down.
    fileprivate var microseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }
}
