import Curl
public import FoundationEssentials
public import Logging

/// A client of etcd's v3 API by its HTTP/JSON gateway.
///
/// Every method may be called from any task at any time; each has a deadline
/// (`EtcdConfiguration.requestTimeout`), fails over to the next endpoint, and throws `EtcdError`,
/// or `CancellationError` where its task was cancelled. A change (put, delete, transaction) is sent
/// at most once: where its answer is lost the error is `.outcomeUnknown`, and a cancelled one may
/// have happened too.
public final class EtcdClient: Sendable {
    let caller: Caller

    /// Checks the configuration and starts the client's thread; connects to nothing yet.
    ///
    /// - Throws: `EtcdError.Code.badConfiguration` with what is wrong.
    public init(_ configuration: EtcdConfiguration, logger: Logger) throws {
        caller = try Caller(configuration, logger: logger)
    }

    /// Ends all calls and watches with `EtcdError.Code.shutDown`, and the client's thread.
    public func shutdown() async {
        await caller.curl.shutdown()
    }

    // MARK: Reads

    /// The key's value now, nil where there is no such key. Linearizable: no older than any
    /// change that was acknowledged before the call.
    public func get(_ key: Key, deadline: Duration? = nil) async throws -> KeyValue? {
        try await range(RangeRequest(.key(key)), deadline: deadline).keyValues.first
    }

    /// One page of a range (etcd's `Range`), with all its options.
    public func range(
        _ request: RangeRequest, deadline: Duration? = nil
    ) async throws -> RangeResponse {
        var call = try Call("kv/range", WireRange(request))
        call.deadline = deadline
        return try await caller.answer(to: call, as: WireRangeAnswer.self).response()
    }

    /// All keys of a range at one revision, whatever their number, fetched page by page.
    ///
    /// - Parameters:
    ///   - pageSize: keys a page, or a twentieth of all of them. A page must stay under 256 MiB in JSON.
    ///   - at: the revision to read; nil is now.
    ///   - keysOnly: leaves the values empty.
    /// - Throws: `.compacted` where etcd forgets the revision between two pages: list again.
    public func list(
        _ range: KeyRange, pageSize: Int = 1000, at: Revision? = nil, keysOnly: Bool = false
    ) async throws -> Listing {
        var pages = RangePages(range, pageSize: pageSize, at: at)
        pages.request.keysOnly = keysOnly
        var listing: Listing?
        while pages.hasMore {
            let page = try await self.range(pages.request)
            pages.take(page)
            if listing == nil {
                listing = Listing(
                    keyValues: [], header: page.header, revision: at ?? page.revision)
                listing?.keyValues.reserveCapacity(Int(page.count))
            }
            listing?.keyValues += page.keyValues
        }
        guard let listing else { preconditionFailure("a range has one page at least") }
        return listing
    }

    // MARK: Changes

    /// Writes a value (etcd's `Put`) and returns the revision of that change.
    ///
    /// - Parameter lease: the key ends with this lease; nil detaches it from any.
    @discardableResult
    public func put(
        _ key: Key, _ value: Data, lease: LeaseID? = nil, deadline: Duration? = nil
    ) async throws -> Revision {
        var call = try Call("kv/put", WirePut(key, value, lease), mutates: true)
        call.deadline = deadline
        let answer = try await caller.answer(to: call, as: WireChangeAnswer.self)
        return (answer.header ?? WireHeader()).header.revision
    }

    /// Deletes a range (etcd's `DeleteRange`).
    @discardableResult
    public func delete(
        _ range: KeyRange, deadline: Duration? = nil
    ) async throws -> DeleteResponse {
        var call = try Call("kv/deleterange", WireRange(range), mutates: true)
        call.deadline = deadline
        let answer = try await caller.answer(to: call, as: WireChangeAnswer.self)
        return DeleteResponse(
            header: (answer.header ?? WireHeader()).header, deleted: answer.deleted?.number ?? 0)
    }

    /// Does several things at one revision, or others, or nothing (etcd's `Txn`).
    public func transact(
        _ transaction: Transaction, deadline: Duration? = nil
    ) async throws -> TransactionResult {
        let reads = (transaction.success + transaction.failure).allSatisfy {
            if case .get = $0 { true } else { false }
        }
        var call = try Call("kv/txn", WireTransaction(transaction), mutates: !reads)
        call.deadline = deadline
        return try await caller.answer(to: call, as: WireTransactionAnswer.self).result
    }

    /// Forgets all revisions before this one (etcd's `Compact`): old reads and watches end with
    /// `.compacted`.
    public func compact(before revision: Revision, deadline: Duration? = nil) async throws {
        struct Request: Encodable { var revision: WireInt64 }
        var call = try Call("kv/compaction", Request(revision: WireInt64(revision)), mutates: true)
        call.deadline = deadline
        _ = try await caller.answer(to: call, as: WireChangeAnswer.self)
    }
}
