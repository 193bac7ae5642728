import CLibvirt
import Dispatch
import Synchronization

/// Owns one `virConnectPtr` and the callbacks registered with it.
///
/// `@unchecked Sendable`: libvirt lets any thread use a connection at any time, and the pointer
/// is never changed. Everything that uses it holds this object, so that the connection is closed
/// only when its last domain has gone and no call runs.
final class ConnectionHandle: @unchecked Sendable {
    let pointer: OpaquePointer
    /// Whether there is a daemon at its other end.
    let hasWire: Bool
    private let registrations = Mutex<Registrations?>(nil)

    /// What must be taken back before libvirt lets the connection go.
    private struct Registrations {
        var events: [Int32] = []
        var hasCloseCallback = false
    }

    /// Takes over `pointer` and one hold on the event loop.
    init(_ pointer: OpaquePointer, hasWire: Bool) {
        self.pointer = pointer
        self.hasWire = hasWire
    }

    /// Sends the connection's events and its end to `listeners`.
    ///
    /// Each registration holds `listeners` until libvirt gives it back through its free callback.
    func register(_ listeners: Listeners, _ attempt: Attempt) throws {
        var made = Registrations()
        defer { registrations.withLock { [made] in $0 = made } }
        func context() -> UnsafeMutableRawPointer { Unmanaged.passRetained(listeners).toOpaque() }
        func checked(_ result: Int32, _ context: UnsafeMutableRawPointer) throws -> Int32 {
            guard result >= 0 else {
                let error = LibvirtError.last(attempt)
                releaseListeners(context)
                throw error
            }
            return result
        }
        var box = context()
        _ = try checked(
            virConnectRegisterCloseCallback(pointer, connectionClosed, box, releaseListeners), box)
        made.hasCloseCallback = true
        box = context()
        made.events.append(
            try checked(
                clibvirt_register_lifecycle(pointer, lifecycleChanged, box, releaseListeners), box))
        box = context()
        made.events.append(
            try checked(
                clibvirt_register_reboot(pointer, guestRebooted, box, releaseListeners), box))
        box = context()
        made.events.append(
            try checked(
                clibvirt_register_device_removed(pointer, deviceRemoved, box, releaseListeners), box
            ))
        box = context()
        made.events.append(
            try checked(
                clibvirt_register_io_error(pointer, diskFailed, box, releaseListeners), box))
    }

    /// Takes the callbacks back; may block. Until then libvirt itself keeps the connection open.
    func unregister() {
        let taken = registrations.withLock { registrations in
            defer { registrations = nil }
            return registrations
        }
        guard let taken else { return }
        for event in taken.events { virConnectDomainEventDeregisterAny(pointer, event) }
        if taken.hasCloseCallback { virConnectUnregisterCloseCallback(pointer, connectionClosed) }
    }

    deinit {
        let last = LastReference(pointer: pointer, registrations: registrations.withLock { $0 })
        // Closing talks to the daemon and may block, and the last holder may be anybody's thread.
        DispatchQueue(label: "metastack.libvirt.close").async { last.close() }
    }

    /// Carries the pointer from the dying handle to the thread that closes it.
    private struct LastReference: @unchecked Sendable {
        let pointer: OpaquePointer
        let registrations: Registrations?

        func close() {
            for event in registrations?.events ?? [] {
                virConnectDomainEventDeregisterAny(pointer, event)
            }
            if registrations?.hasCloseCallback == true {
                virConnectUnregisterCloseCallback(pointer, connectionClosed)
            }
            virConnectClose(pointer)
            EventLoop.shared.release()
        }
    }
}
