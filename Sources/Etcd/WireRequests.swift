import FoundationEssentials

// The requests of etcd's JSON gateway, field by field as rpc.proto names them. Bytes are base64,
// which is what `JSONEncoder` makes of `Data`; what is nil is left out.

struct WireRange: Encodable {
    var key: Data
    var range_end: Data?
    var limit: WireInt64?
    var revision: WireInt64?
    var sort_order: String?
    var sort_target: String?
    var serializable: Bool?
    var keys_only: Bool?
    var count_only: Bool?
    var min_mod_revision: WireInt64?
    var max_mod_revision: WireInt64?
    var min_create_revision: WireInt64?
    var max_create_revision: WireInt64?

    init(_ range: KeyRange) {
        key = range.first.data
        range_end = range.wireEnd?.data
    }

    init(_ request: RangeRequest) {
        self.init(request.range)
        limit = request.limit.map { WireInt64(Int64($0)) }
        revision = request.revision.map(WireInt64.init)
        sort_order = request.sort?.order.rawValue
        sort_target = request.sort?.target.rawValue
        serializable = request.serializable ? true : nil
        keys_only = request.keysOnly ? true : nil
        count_only = request.countOnly ? true : nil
        min_mod_revision = request.minModRevision.map(WireInt64.init)
        max_mod_revision = request.maxModRevision.map(WireInt64.init)
        min_create_revision = request.minCreateRevision.map(WireInt64.init)
        max_create_revision = request.maxCreateRevision.map(WireInt64.init)
    }
}

struct WirePut: Encodable {
    var key: Data
    var value: Data
    var lease: WireInt64?

    init(_ key: Key, _ value: Data, _ lease: LeaseID?) {
        self.key = key.data
        self.value = value
        self.lease = lease.map { WireInt64($0.rawValue) }
    }
}

struct WireTransaction: Encodable {
    var compare: [WireCompare]
    var success: [WireOperation]
    var failure: [WireOperation]

    init(_ transaction: Transaction) {
        compare = transaction.conditions.map(WireCompare.init)
        success = transaction.success.map(WireOperation.init)
        failure = transaction.failure.map(WireOperation.init)
    }
}

struct WireOperation: Encodable {
    var request_put: WirePut?
    var request_range: WireRange?
    var request_delete_range: WireRange?

    init(_ operation: Operation) {
        switch operation {
        case .put(let key, let value, let lease): request_put = WirePut(key, value, lease)
        case .delete(let range): request_delete_range = WireRange(range)
        case .get(let range): request_range = WireRange(range)
        }
    }
}

struct WireCompare: Encodable {
    var key: Data
    var target: String
    var result: String
    var version: WireInt64?
    var create_revision: WireInt64?
    var mod_revision: WireInt64?
    var value: Data?
    var lease: WireInt64?

    private init(_ key: Key, _ target: String, _ result: String = "EQUAL") {
        self.key = key.data
        self.target = target
        self.result = result
    }

    init(_ condition: Condition) {
        switch condition {
        case .exists(let key):
            self.init(key, "CREATE", "GREATER")
            create_revision = WireInt64(0)
        case .absent(let key):
            self.init(key, "CREATE")
            create_revision = WireInt64(0)
        case .modRevision(let key, let revision):
            self.init(key, "MOD")
            mod_revision = WireInt64(revision)
        case .createRevision(let key, let revision):
            self.init(key, "CREATE")
            create_revision = WireInt64(revision)
        case .version(let key, let number):
            self.init(key, "VERSION")
            version = WireInt64(number)
        case .value(let key, let expected):
            self.init(key, "VALUE")
            value = expected
        case .lease(let key, let id):
            self.init(key, "LEASE")
            lease = WireInt64(id.rawValue)
        }
    }
}

struct WireLeaseRequest: Encodable {
    var ID: WireInt64?
    var TTL: WireInt64?
    var keys: Bool?
}

struct WireCredentials: Encodable {
    var name: String
    var password: String
}

struct WireWatch: Encodable {
    struct Create: Encodable {
        var key: Data
        var range_end: Data?
        var start_revision: WireInt64?
        var progress_notify = true
        var filters: [String]?
        var prev_kv: Bool?
    }
    var create_request: Create
}

struct WireNothing: Encodable {}

extension WireNumber<Int64> {
    init(_ revision: Revision) {
        self.init(revision.rawValue)
    }
}
