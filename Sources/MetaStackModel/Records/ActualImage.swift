/// What has become of an image: `actual_images/<image_id>`. Written by nodes only.
///
/// While a node imports, the record is its claim and stands under its lease; once the image is
/// ready the record stands by itself. A failure that may pass stands under a back-off lease, so
/// that the image becomes pending again when it ends; one that cannot pass stays.
public struct ActualImage: Record {
    public enum State: String, Codable, Sendable {
        case importing
        case ready
        case failed
        case deleting
    }

    /// The node that does or did the work.
    public var host: HostID
    public var state: State
    /// The desired record that was acted on; another one starts the work anew.
    public var desiredRevision: Revision?
    /// Bytes done and bytes in all, while importing.
    public var done: Int64?
    public var total: Int64?
    /// Where the image lies, once it is known.
    public var pool: PoolName?
    public var rbdImage: String?
    /// The protected snapshot that disks are cloned from; nil until the image is ready.
    public var snapshot: String?
    /// As a guest sees it.
    public var size: Mebibytes?
    /// What was measured while fetching.
    public var checksum: Checksum?
    public var message: String?
    public var rest: [String: JSONValue]

    public init(
        host: HostID, state: State, desiredRevision: Revision? = nil, done: Int64? = nil,
        total: Int64? = nil, pool: PoolName? = nil, rbdImage: String? = nil,
        snapshot: String? = nil, size: Mebibytes? = nil, checksum: Checksum? = nil,
        message: String? = nil, rest: [String: JSONValue] = [:]
    ) {
        self.host = host
        self.state = state
        self.desiredRevision = desiredRevision
        self.done = done
        self.total = total
        self.pool = pool
        self.rbdImage = rbdImage
        self.snapshot = snapshot
        self.size = size
        self.checksum = checksum
        self.message = message
        self.rest = rest
    }

    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        host = try fields.required("host")
        state = try fields.required("state")
        desiredRevision = try fields.optional("desired_revision")
        done = try fields.optional("done")
        total = try fields.optional("total")
        pool = try fields.optional("pool")
        rbdImage = try fields.optional("rbd_image")
        snapshot = try fields.optional("snapshot")
        size = try fields.optional("size")
        checksum = try fields.optional("checksum")
        message = try fields.optional("message")
        rest = try fields.rest()
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: rest)
        try fields.put("host", host)
        try fields.put("state", state)
        try fields.put("desired_revision", desiredRevision)
        try fields.put("done", done)
        try fields.put("total", total)
        try fields.put("pool", pool)
        try fields.put("rbd_image", rbdImage)
        try fields.put("snapshot", snapshot)
        try fields.put("size", size)
        try fields.put("checksum", checksum)
        try fields.put("message", message)
    }
}
