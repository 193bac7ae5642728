import Glibc

/// A socket to a syslog server; used by the sink's thread alone.
final class SyslogChannel {
    /// How a step went.
    enum Outcome {
        /// All bytes are with the kernel.
        case done
        /// Poll, then try again.
        case wait
        /// The server is away.
        case failed
        /// This message never fits.
        case tooLong
    }

    let destination: SyslogDestination
    /// What to poll; -1 while closed.
    private(set) var descriptor: Int32 = -1
    private(set) var isConnecting = false
    private var rest: ArraySlice<UInt8> = []
    private var attempts = 0

    init(_ destination: SyslogDestination) { self.destination = destination }

    deinit { close() }

    var isOpen: Bool { descriptor >= 0 && !isConnecting }
    var wantsToWrite: Bool { isConnecting || !rest.isEmpty }

    /// Connects or begins to. Looking up a name blocks, which holds up this thread only.
    func open() -> Outcome {
        attempts += 1
        switch destination {
        case .none: return .failed
        case .local(let path): return connectLocal(path)
        case .udp(let host, let port): return connect(host, port, SOCK_DGRAM)
        case .tcp(let host, let port): return connect(host, port, SOCK_STREAM)
        }
    }

    func close() {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
        descriptor = -1
        isConnecting = false
        rest = []
    }

    /// The socket's pending error, cleared by asking; 0 where there is none.
    func takeError() -> Int32 {
        var error: Int32 = 0
        var length = socklen_t(MemoryLayout.size(ofValue: error))
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length)
        return error
    }

    /// The connection stands, or has failed.
    func finishConnecting() -> Outcome {
        guard takeError() == 0 else { return .failed }
        isConnecting = false
        return .done
    }

    /// Whether the server has ended a TCP connection; what it says is not for us.
    func isEndedByServer() -> Bool {
        guard case .tcp = destination else { return false }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        return count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)
    }

    /// Sends a message; after `wait` the same one is to be given again.
    func send(_ message: () -> String) -> Outcome {
        if rest.isEmpty { rest = framed(message())[...] }
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, noSignal)
            }
            if count >= 0 {
                rest = isStream ? rest.dropFirst(count) : []
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN, ENOBUFS: return .wait
            case EMSGSIZE:
                rest = []
                return .tooLong
            default: return .failed
            }
        }
        return .done
    }

    private var isStream: Bool {
        if case .tcp = destination { true } else { false }
    }

    /// A stream's messages have their length in front (RFC 6587, 3.4.1).
    private func framed(_ message: String) -> [UInt8] {
        Array((isStream ? "\(message.utf8.count) \(message)" : message).utf8)
    }

    private func connectLocal(_ path: String) -> Outcome {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = path.utf8CString
        guard bytes.count <= MemoryLayout.size(ofValue: address.sun_path) else { return .failed }
        withUnsafeMutableBytes(of: &address.sun_path) { field in
            bytes.withUnsafeBytes { field.copyMemory(from: $0) }
        }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                connect(AF_UNIX, SOCK_DGRAM, generic, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    /// Each attempt begins with another of the host's addresses, for the first may be dead.
    private func connect(_ host: String, _ port: UInt16, _ type: __socket_type) -> Outcome {
        var hints = addrinfo()
        hints.ai_socktype = Int32(type.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, "\(port)", &hints, &first) == 0 else { return .failed }
        defer { freeaddrinfo(first) }
        let found = Array(sequence(first: first, next: { $0?.pointee.ai_next }).compactMap { $0 })
        for offset in found.indices {
            let entry = found[(offset + attempts - 1) % found.count].pointee
            let outcome = connect(entry.ai_family, type, entry.ai_addr, entry.ai_addrlen)
            if outcome != .failed { return outcome }
        }
        return .failed
    }

    private func connect(
        _ family: Int32, _ type: __socket_type, _ address: UnsafePointer<sockaddr>?,
        _ length: socklen_t
    ) -> Outcome {
        close()
        descriptor = socket(family, socketType(type), 0)
        guard descriptor >= 0 else { return .failed }
        if Glibc.connect(descriptor, address, length) == 0 { return .done }
        guard errno == EINPROGRESS else {
            close()
            return .failed
        }
        isConnecting = true
        return .wait
    }
}
