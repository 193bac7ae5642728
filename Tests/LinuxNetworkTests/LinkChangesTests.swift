import Foundation
import Glibc
import Testing

@testable import LinuxNetwork

@Suite struct LinkChangesTests {
    @Test(.timeLimit(.minutes(1))) func tellsOfALinkThatComesAndOfOneThatGoes() async throws {
        let goOn = DispatchSemaphore(value: 0)
        let changes: AsyncStream<Void> = try await withCheckedThrowingContinuation { caller in
            // Its namespace is its own, and gone with it and with the stream.
            Thread {
                guard Self.unshareNetwork() else {
                    return caller.resume(throwing: POSIXError(.EPERM))
                }
                caller.resume(with: Result { try LinkChanges.stream() })
                for words in ["link add here type bridge", "link delete here"] {
                    goOn.wait()
                    let ip = Process()
                    ip.executableURL = URL(filePath: "/usr/bin/env")
                    ip.arguments = ["ip"] + words.split(separator: " ").map(String.init)
                    try? ip.run()
                    ip.waitUntilExit()
                }
            }.start()
        }
        var iterator = changes.makeAsyncIterator()
        for _ in 1...2 {
            goOn.signal()
            #expect(await iterator.next() != nil)
        }
    }

    /// unshare(2), which glibc's headers declare for GNU programs alone.
    private static func unshareNetwork() -> Bool {
        typealias Unshare = @convention(c) (Int32) -> Int32
        guard let symbol = dlsym(nil, "unshare") else { return false }
        return unsafeBitCast(symbol, to: Unshare.self)(0x4000_0000) == 0  // CLONE_NEWNET
    }

    @Test(.timeLimit(.minutes(1))) func endsWithItsReader() async throws {
        let changes = try LinkChanges.stream()
        let reader = Task { for await _ in changes {} }
        reader.cancel()
        await reader.value
    }
}
