import Glibc

/// The machine's own watchdog, such as `/dev/watchdog`: resets the machine where nobody feeds it
/// (Linux's watchdog-api).
///
/// A process that dies leaves it running; only ``release()`` says that a silence is meant.
public final class WatchdogDevice: Sendable {
    let path: String
    private let descriptor: Int32

    /// Opens the device, which starts it.
    ///
    /// - Parameters:
    ///   - path: such as `/dev/watchdog`.
    ///   - timeout: in whole seconds.
    /// - Throws: `WatchdogError` where it cannot be opened, or takes no such time-out.
    public init(
        path: String, timeout: Duration, control: any WatchdogControl = KernelWatchdog()
    ) throws {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw WatchdogError("cannot open the watchdog device \(path)", number: errno)
        }
        do {
            let seconds = try control.setTimeout(timeout.components.seconds, of: descriptor)
            guard seconds <= timeout.components.seconds else {
                throw WatchdogError(
                    "it allows no time-out under \(seconds) s, and the lease's TTL asks for "
                        + "\(timeout.components.seconds) s: make node.lease-ttl longer")
            }
        } catch {
            try? release()  // What is wrong with the device is said already.
            throw WatchdogError("cannot set the time-out of the watchdog device \(path): \(error)")
        }
    }

    deinit { close(descriptor) }

    /// Puts the reset off by the time-out: any byte but the magic one.
    func feed() throws { try write(0) }

    /// Ends the watching with the magic close: after a `V` the close that follows stops the device,
    /// unless the kernel was told that nothing may (`nowayout`).
    func release() throws { try write(UInt8(ascii: "V")) }

    private func write(_ byte: UInt8) throws {
        var byte = byte
        guard Glibc.write(descriptor, &byte, 1) == 1 else {
            throw WatchdogError("cannot write to the watchdog device \(path)", number: errno)
        }
    }
}

/// What a watchdog device is told by other means than writing.
public protocol WatchdogControl: Sendable {
    /// - Returns: the seconds that the driver made of it.
    func setTimeout(_ seconds: Int64, of descriptor: Int32) throws -> Int64
}

/// Linux's driver interface.
public struct KernelWatchdog: WatchdogControl {
    /// `WDIOC_SETTIMEOUT` of linux/watchdog.h: `_IOWR('W', 6, int)`, written out since the importer
    /// knows no macros with arguments. Direction 3, size 4, type and number.
    private static let setTimeoutRequest: UInt = 3 << 30 | 4 << 16 | 0x57 << 8 | 6

    public init() {}

    public func setTimeout(_ seconds: Int64, of descriptor: Int32) throws -> Int64 {
        var value = Int32(clamping: seconds)
        guard ioctl(descriptor, Self.setTimeoutRequest, &value) == 0 else {
            throw WatchdogError("WDIOC_SETTIMEOUT \(seconds) failed", number: errno)
        }
        return Int64(value)
    }
}
