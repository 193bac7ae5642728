import FoundationEssentials

// The gateway's answers, field by field as rpc.proto names them. Every field may be missing, which
// means zero, false or empty.

struct WireHeader: Decodable {
    var cluster_id: WireUInt64?
    var member_id: WireUInt64?
    var revision: WireInt64?
    var raft_term: WireUInt64?

    var header: ResponseHeader {
        ResponseHeader(
            clusterID: cluster_id?.number ?? 0, memberID: member_id?.number ?? 0,
            revision: Revision(rawValue: revision?.number ?? 0), raftTerm: raft_term?.number ?? 0)
    }
}

struct WireKeyValue: Decodable {
    var keyValue: KeyValue

    init(keyValue: KeyValue) { self.keyValue = keyValue }

    private enum Field: String, CodingKey {
        case key, value, version, lease
        case createRevision = "create_revision"
        case modRevision = "mod_revision"
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Field.self)
        func number(_ field: Field) throws -> Int64 {
            try fields.decodeIfPresent(WireInt64.self, forKey: field)?.number ?? 0
        }
        let lease = try number(.lease)
        keyValue = KeyValue(
            key: Key(try fields.decodeIfPresent(Data.self, forKey: .key) ?? Data()),
            value: try fields.decodeIfPresent(Data.self, forKey: .value) ?? Data(),
            createRevision: Revision(rawValue: try number(.createRevision)),
            modRevision: Revision(rawValue: try number(.modRevision)),
            version: try number(.version), lease: lease == 0 ? nil : LeaseID(rawValue: lease))
    }
}

struct WireRangeAnswer: Decodable {
    var header: WireHeader?
    var kvs: [WireKeyValue]?
    var more: Bool?
    var count: WireInt64?

    /// `outer` is the header of the transaction around it, which has one for all.
    func response(outer: ResponseHeader? = nil) -> RangeResponse {
        RangeResponse(
            header: outer ?? (header ?? WireHeader()).header,
            keyValues: (kvs ?? []).map(\.keyValue), hasMore: more ?? false,
            count: count?.number ?? 0)
    }
}

/// The answers to put, delete, revoke and the like: a header, and at most a count.
struct WireChangeAnswer: Decodable {
    var header: WireHeader?
    var deleted: WireInt64?
}

struct WireTransactionAnswer: Decodable {
    struct Response: Decodable {
        var response_put: WireChangeAnswer?
        var response_range: WireRangeAnswer?
        var response_delete_range: WireChangeAnswer?
    }
    var header: WireHeader?
    var succeeded: Bool?
    var responses: [Response]?

    var result: TransactionResult {
        let header = (header ?? WireHeader()).header
        let results = (responses ?? []).map { response -> TransactionResult.OperationResult in
            if let range = response.response_range { return .get(range.response(outer: header)) }
            if let deletion = response.response_delete_range {
                return .delete(deleted: deletion.deleted?.number ?? 0)
            }
            return .put
        }
        return TransactionResult(succeeded: succeeded ?? false, header: header, results: results)
    }
}

struct WireLeaseAnswer: Decodable {
    var header: WireHeader?
    var ID: WireInt64?
    var TTL: WireInt64?
    var grantedTTL: WireInt64?
    var keys: [Data]?
}

struct WireToken: Decodable {
    var token: String?
}

struct WireMembers: Decodable {
    struct Entry: Decodable {
        var ID: WireUInt64?
        var name: String?
        var peerURLs: [String]?
        var clientURLs: [String]?
        var isLearner: Bool?
    }
    var members: [Entry]?

    var list: [Member] {
        (members ?? []).map { entry in
            Member(
                id: entry.ID?.number ?? 0, name: entry.name ?? "", peerURLs: entry.peerURLs ?? [],
                clientURLs: entry.clientURLs ?? [], isLearner: entry.isLearner ?? false)
        }
    }
}

struct WireStatus: Decodable {
    var header: WireHeader?
    var version: String?
    var dbSize: WireInt64?
    var dbSizeInUse: WireInt64?
    var leader: WireUInt64?
    var raftIndex: WireUInt64?
    var raftTerm: WireUInt64?
    var raftAppliedIndex: WireUInt64?
    var errors: [String]?
    var isLearner: Bool?

    var status: EndpointStatus {
        let leader = leader?.number ?? 0
        return EndpointStatus(
            header: (header ?? WireHeader()).header, version: version ?? "",
            leader: leader == 0 ? nil : leader, databaseSize: dbSize?.number ?? 0,
            databaseSizeInUse: dbSizeInUse?.number ?? 0, raftTerm: raftTerm?.number ?? 0,
            raftIndex: raftIndex?.number ?? 0, raftAppliedIndex: raftAppliedIndex?.number ?? 0,
            errors: errors ?? [], isLearner: isLearner ?? false)
    }
}

/// One line of a streaming answer.
struct WireLine<Result: Decodable>: Decodable {
    var result: Result?
    var error: ErrorAnswer.Nested?
}

struct WireWatchResult: Decodable {
    struct Event: Decodable {
        var type: String?
        var kv: WireKeyValue?
        var prev_kv: WireKeyValue?
    }
    var header: WireHeader?
    var created: Bool?
    var canceled: Bool?
    var compact_revision: WireInt64?
    var cancel_reason: String?
    var events: [Event]?
}
