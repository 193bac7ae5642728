import FoundationEssentials

/// Reads of a great many keys.
public protocol BulkReads: Sendable {
    /// All keys of a range as they were at a revision, in one answer.
    ///
    /// - Parameters:
    ///   - at: the revision to read; nil is now.
    ///   - keysOnly: leaves the values empty.
    func bulk(_ range: KeyRange, at: Revision?, keysOnly: Bool) async throws -> Listing
}

extension EtcdClient: BulkReads {
    /// See ``BulkReads``.
    ///
    /// etcd makes JSON of 10,000 records in 200 ms and its own protocol of them in 30. So this
    /// speaks gRPC, where etcd lets it, and the gateway where it does not: behind a proxy that knows
    /// HTTP/1 alone, or where there is an error, which the gateway puts into words.
    public func bulk(
        _ range: KeyRange, at revision: Revision?, keysOnly: Bool
    ) async throws -> Listing {
        var request = RangeRequest(range, revision: revision)
        request.keysOnly = keysOnly
        if let response = await rangeByGRPC(request), !response.hasMore {
            return Listing(
                keyValues: response.keyValues, header: response.header,
                revision: revision ?? response.revision)
        }
        try Task.checkCancellation()
        return try await list(range, at: revision, keysOnly: keysOnly)
    }

    /// See ``EtcdCalls``. It speaks gRPC as ``bulk(_:at:keysOnly:)`` does.
    public func list(
        _ range: KeyRange, page deliver: ([KeyValue]) throws -> Void
    ) async throws -> Revision {
        var pages = RangePages(range)
        var speaksGRPC = true
        while pages.hasMore {
            var answer = speaksGRPC ? await rangeByGRPC(pages.request) : nil
            if answer == nil {
                try Task.checkCancellation()
                speaksGRPC = false
                answer = try await self.range(pages.request)
            }
            guard let page = answer else { break }
            pages.take(page)
            try deliver(page.keyValues)
        }
        return pages.request.revision ?? Revision(rawValue: 0)
    }

    /// nil where etcd did not answer with what was asked for, whatever the reason.
    func rangeByGRPC(_ request: RangeRequest) async -> RangeResponse? {
        let call = Call(
            grpc: "etcdserverpb.KV/Range", framed: Protobuf.framed(Protobuf.message(request)))
        guard let (body, _) = try? await caller.send(call),  // As it says.
            let message = Protobuf.unframed(body)
        else { return nil }
        return Protobuf.rangeResponse(message)
    }
}
