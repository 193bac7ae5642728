import Glibc
import Synchronization

/// Ends a `poll` from another thread: a socket pair, written to at most once until it is read.
final class WakeUp: Sendable {
    /// What to poll for reading.
    let descriptor: Int32
    private let other: Int32
    private let signalled = Atomic(false)

    /// Nil where the process has no descriptor left.
    init?() {
        var pair: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, socketType(SOCK_STREAM), 0, &pair) == 0 else { return nil }
        descriptor = pair[0]
        other = pair[1]
    }

    deinit {
        close(descriptor)
        close(other)
    }

    func signal() {
        if signalled.exchange(true, ordering: .acquiringAndReleasing) { return }
        var byte: UInt8 = 1
        _ = Glibc.send(other, &byte, 1, noSignal)
    }

    /// Takes the signal back, before whoever was woken looks for its reason.
    func clear() {
        var bytes: (UInt64, UInt64) = (0, 0)
        _ = recv(descriptor, &bytes, MemoryLayout.size(ofValue: bytes), 0)
        signalled.store(false, ordering: .releasing)
    }
}

/// The type with the flags that every socket here has: it never blocks, no child inherits it.
func socketType(_ type: __socket_type) -> Int32 {
    Int32(type.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
}

/// A write to a peer that is gone is an error, not the end of the process.
let noSignal = Int32(MSG_NOSIGNAL)
