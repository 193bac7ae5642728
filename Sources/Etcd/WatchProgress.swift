import FoundationEssentials

/// How far a watch has come, and what each line of its stream means for it: no I/O.
struct WatchProgress {
    /// What a line asks of its reader.
    enum Step {
        case deliver(WatchBatch)
        case created
        case nothing
    }

    /// The first revision not seen yet; nil before etcd has said where "now" is.
    private(set) var next: Revision?
    private var clusterID: UInt64?

    /// What came behind changes that had to be handed over first.
    private var laterError: EtcdError?

    init(from: Revision?) {
        next = from
    }

    /// Reads all lines that are here by now: a reader that was busy meanwhile is behind, and catches
    /// up sooner where it gets them as one batch.
    ///
    /// - Throws: as ``observe(_:from:)``, once the changes before have been handed over.
    mutating func observe(
        _ lines: inout LineFramer, from endpoint: Endpoint
    ) throws(EtcdError) -> (batch: WatchBatch?, isCreated: Bool) {
        if let error = laterError {
            laterError = nil
            throw error
        }
        var batch: WatchBatch?
        var isCreated = false
        while laterError == nil, let line = lines.nextLine() {
            do throws(EtcdError) {
                switch try observe(line, from: endpoint) {
                case .deliver(let more):
                    batch = WatchBatch(
                        revision: more.revision, events: (batch?.events ?? []) + more.events)
                case .created: isCreated = true
                case .nothing: break
                }
            } catch {
                guard batch != nil else { throw error }
                laterError = error
            }
        }
        return (batch, isCreated)
    }

    /// Reads one line of the gateway's stream.
    ///
    /// - Throws: `EtcdError` where the watch or its connection is at its end.
    mutating func observe(
        _ line: Data, from endpoint: Endpoint
    ) throws(EtcdError) -> Step {
        guard let result = try Self.result(of: line, endpoint) else { return .nothing }
        let header = (result.header ?? WireHeader()).header
        try checkCluster(header, endpoint)
        if result.canceled == true { throw cancellation(result, endpoint) }
        if result.created == true {
            // A watch without a revision begins right behind the one that etcd names here.
            if next == nil { next = header.revision.next }
            return .created
        }
        let events = (result.events ?? []).compactMap(WatchEvent.init)
        guard let last = events.last else {
            // A progress notification: nothing up to this revision is still to come.
            next = max(next ?? header.revision.next, header.revision.next)
            return .nothing
        }
        // The header has the store's revision, which is ahead of a watch that is catching up.
        next = last.revision.next
        return .deliver(WatchBatch(revision: last.revision, events: events))
    }

    private static func result(
        of line: Data, _ endpoint: Endpoint
    ) throws(EtcdError) -> WireWatchResult? {
        if let result = PlainWatchLine.result(of: line) { return result }
        let message: WireLine<WireWatchResult> = try Caller.decode(line, from: endpoint)
        if let error = message.error.map(ErrorAnswer.init) {
            throw EtcdError(message: error.message, grpcCode: error.code, endpoint: endpoint.url)
        }
        return message.result
    }

    private mutating func checkCluster(_ header: ResponseHeader, _ endpoint: Endpoint)
        throws(EtcdError)
    {
        guard header.clusterID != 0 else { return }
        if let clusterID, clusterID != header.clusterID {
            throw EtcdError(
                .clusterChanged,
                "cluster \(header.clusterID) answers, the watch began on cluster \(clusterID)",
                endpoint: endpoint.url)
        }
        clusterID = header.clusterID
    }

    private func cancellation(_ result: WireWatchResult, _ endpoint: Endpoint) -> EtcdError {
        if let oldest = result.compact_revision?.number, oldest > 0 {
            var error = EtcdError(
                .compacted,
                "revision \(next?.description ?? "?") was compacted, etcd keeps those from "
                    + "\(oldest) on: list again",
                endpoint: endpoint.url)
            error.compactRevision = Revision(rawValue: oldest)
            return error
        }
        let reason = result.cancel_reason ?? "etcd ended the watch and gave no reason"
        // gRPC's number for "unknown": the reason's text decides where it is known.
        return EtcdError(message: reason, grpcCode: 2, endpoint: endpoint.url)
    }
}
