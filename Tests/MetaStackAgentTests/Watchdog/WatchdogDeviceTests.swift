import Foundation
import Testing

@testable import MetaStackAgent

struct WatchdogDeviceTests {
    @Test func isFedWithAnyByteAndReleasedWithTheMagicOne() throws {
        let fifo = try Fifo()
        let control = FakeControl()
        let device = try WatchdogDevice(path: fifo.path, timeout: .seconds(3), control: control)
        #expect(control.asked == [3])
        try device.feed()
        try device.feed()
        #expect(fifo.read() == [0, 0])
        try device.release()
        #expect(fifo.read() == [UInt8(ascii: "V")])
    }

    @Test func aDeviceThatCannotBeOpenedIsNamed() {
        let error = #expect(throws: WatchdogError.self) {
            try WatchdogDevice(path: "/nowhere/watchdog", timeout: .seconds(3))
        }
        #expect(
            error?.description
                == "cannot open the watchdog device /nowhere/watchdog: No such file or directory")
    }

    @Test func whatIsNoWatchdogIsRefusedByTheKernelAndLetGo() throws {
        let fifo = try Fifo()
        let error = #expect(throws: WatchdogError.self) {
            try WatchdogDevice(path: fifo.path, timeout: .seconds(3))
        }
        #expect(error?.description.contains("WDIOC_SETTIMEOUT 3 failed") == true)
        #expect(fifo.read() == [UInt8(ascii: "V")])
    }

    @Test func aDriverThatRoundsUpBeyondTheLeaseIsRefusedAndLetGo() throws {
        let fifo = try Fifo()
        let error = #expect(throws: WatchdogError.self) {
            try WatchdogDevice(
                path: fifo.path, timeout: .seconds(3), control: FakeControl(least: 10))
        }
        #expect(error?.description.contains("no time-out under 10 s") == true)
        #expect(fifo.read() == [UInt8(ascii: "V")])
    }
}

/// A driver with a least time-out, which notes what it is asked for.
final class FakeControl: WatchdogControl, @unchecked Sendable {
    // Only used by the thread that makes the device.
    private(set) var asked: [Int64] = []
    private let least: Int64

    init(least: Int64 = 1) { self.least = least }

    func setTimeout(_ seconds: Int64, of descriptor: Int32) throws -> Int64 {
        asked.append(seconds)
        return max(seconds, least)
    }
}

/// A device file's stand-in, read from the other end.
final class Fifo {
    let path = "/tmp/metastack-watchdog-\(UUID().uuidString)"
    private let descriptor: Int32

    init() throws {
        guard mkfifo(path, 0o600) == 0 else { throw POSIXError(.EACCES) }
        descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    }

    deinit {
        close(descriptor)
        unlink(path)
    }

    /// All bytes that have come since the last call.
    func read() -> [UInt8] {
        var bytes = [UInt8](repeating: 1, count: 4096)
        let count = Foundation.read(descriptor, &bytes, bytes.count)
        return Array(bytes.prefix(max(0, count)))
    }
}
