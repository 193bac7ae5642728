import CLibvirt
import Glibc
import Synchronization

/// libvirt's default event loop, on a thread of its own for as long as a connection is open.
///
/// libvirt delivers events, keepalives and the news of a broken connection through an event loop
/// that must be registered before the first connection is opened, once a process. The thread
/// sleeps in `poll` without a time-out; a timer that is off until it is needed wakes it when the
/// last connection has gone and it is to end.
final class EventLoop: Sendable {
    static let shared = EventLoop()

    private struct State {
        var connections = 0
        var isRunning = false
        /// The wake-up timer's number, negative where it could not be had.
        var timer: Int32 = -1
    }
    private let state = Mutex(State())

    private init() {
        // libvirt writes to a dead daemon's socket with plain `write`, which would end the process.
        // A handler of the program's own (anything but the default, which is nil) stays.
        if let own = signal(SIGPIPE, SIG_IGN) { signal(SIGPIPE, own) }
        virSetErrorFunc(nil, discardLibvirtError)
        guard virInitialize() == 0, virEventRegisterDefaultImpl() == 0 else { return }
        let timer = virEventAddTimeout(-1, wakeLibvirtLoop, nil, nil)
        state.withLock { $0.timer = timer }
    }

    /// Keeps the loop running for one more connection; to be called before `virConnectOpen`.
    func retain() throws {
        try state.withLock { state in
            guard state.timer >= 0 else { throw LibvirtError.last(Attempt("start", "event loop")) }
            state.connections += 1
            guard !state.isRunning else { return }
            var thread = pthread_t()
            let status = pthread_create(&thread, nil, runLibvirtLoop, nil)
            guard status == 0 else {
                state.connections -= 1
                throw LibvirtError(
                    code: .systemError, message: "no thread: error \(status)",
                    attempt: Attempt("start", "event loop"))
            }
            pthread_detach(thread)
            state.isRunning = true
        }
    }

    /// Whether the thread is there.
    var isRunning: Bool { state.withLock { $0.isRunning } }

    /// Undoes one `retain`; to be called after the connection's last reference has gone.
    func release() {
        state.withLock { state in
            state.connections -= 1
            if state.connections == 0 { virEventUpdateTimeout(state.timer, 0) }
        }
    }

    /// Decides under the lock, so that a connection opened now finds a running loop or starts one.
    fileprivate func mayStop() -> Bool {
        state.withLock { state in
            guard state.connections == 0 else { return false }
            state.isRunning = false
            return true
        }
    }
}

/// The thread: one round a wake-up, and the round that ends it has cleaned up after the last
/// connection already.
private func runLibvirtLoop(_: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    repeat {
        if virEventRunDefaultImpl() < 0 { sched_yield() }
    } while !EventLoop.shared.mayStop()
    return nil
}

/// `virEventTimeoutCallback`: being called has woken the loop; the timer goes off again.
private func wakeLibvirtLoop(timer: Int32, _: UnsafeMutableRawPointer?) {
    virEventUpdateTimeout(timer, -1)
}

/// `virErrorFunc`: without one libvirt writes every error to standard error.
private func discardLibvirtError(_: UnsafeMutableRawPointer?, _: virErrorPtr?) {}
