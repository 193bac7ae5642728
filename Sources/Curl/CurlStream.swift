public import FoundationEssentials

/// A body that is read in pieces while it arrives: a download, or a stream that never ends.
///
/// Pieces are cut anywhere. Where the reader is slow, curl stops reading from the socket once
/// `CurlRequest.bufferLimit` bytes wait, so that the server is slowed down and memory stays
/// bounded. Dropping the stream, or cancelling the task that reads it, ends the transfer. One
/// task reads at a time.
public final class CurlStream: AsyncSequence, Sendable {
    public typealias Element = Data

    /// What the server said before the body.
    public let head: CurlHead
    private let transfer: Transfer

    init(head: CurlHead, transfer: Transfer) {
        self.head = head
        self.transfer = transfer
    }

    deinit {
        transfer.cancel()
    }

    /// The next bytes as soon as there are any, never empty; nil after the last.
    ///
    /// - Throws: `CurlError` where the transfer failed, `CancellationError` where it was cancelled.
    public func next() async throws -> Data? {
        try await transfer.nextChunk()
    }

    /// Ends the transfer; whoever reads gets a `CancellationError`. For use from any task.
    public func cancel() {
        transfer.cancel()
    }

    public func makeAsyncIterator() -> Iterator {
        Iterator(stream: self)
    }

    /// Reads the stream it was made from; a second one goes on where the first is.
    public struct Iterator: AsyncIteratorProtocol {
        let stream: CurlStream

        public func next() async throws -> Data? {
            try await stream.next()
        }
    }
}
