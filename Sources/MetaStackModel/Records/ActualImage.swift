/// What has become of an image: `actual_images/<image_id>`. Written by nodes only.
///
/// It stands by itself, so that a half-made RBD image is never forgotten. Whether the node that
/// works on it is alive is told by that node's host record: where it is gone, or stands under
/// another lease than the one noted here, the work is orphaned and any node may take it over.
public struct ActualImage: Record {
    public enum State: String, Codable, Sendable {
        case importing
        case ready
        case failed
        case deleting
    }

    /// The node that does or did the work.
    public var host: HostID
    /// That node's lease while it worked, as in its host record.
    public var lease: String
    public var state: State
    /// A failure that trying again may mend.
    public var retry: Bool
    /// The desired record that was acted on; another one starts the work anew.
    public var desiredRevision: Revision?
    /// Bytes done and bytes in all, while importing.
    public var done: Int64?
    public var total: Int64?
    /// Where the image lies, once it is known.
    public var pool: PoolName?
    public var rbdImage: String?
    /// RBD images of earlier attempts, the youngest first. They stay on record as long as the image
    /// does: whoever made them may be at it still, or wake and go on.
    public var discarded: [String]
    /// The protected snapshot that disks are cloned from; nil until the image is ready.
    public var snapshot: String?
    /// As a guest sees it.
    public var size: Mebibytes?
    /// What was measured while fetching.
    public var checksum: Checksum?
    public var message: String?
    public var rest: [String: JSONValue]

    public init(
        host: HostID, lease: String = "", state: State, retry: Bool = false,
        desiredRevision: Revision? = nil, done: Int64? = nil, total: Int64? = nil,
        pool: PoolName? = nil, rbdImage: String? = nil, discarded: [String] = [],
        snapshot: String? = nil, size: Mebibytes? = nil, checksum: Checksum? = nil,
        message: String? = nil, rest: [String: JSONValue] = [:]
    ) {
        self.host = host
        self.lease = lease
        self.state = state
        self.retry = retry
        self.desiredRevision = desiredRevision
        self.done = done
        self.total = total
        self.pool = pool
        self.rbdImage = rbdImage
        self.discarded = discarded
        self.snapshot = snapshot
        self.size = size
        self.checksum = checksum
        self.message = message
        self.rest = rest
    }

    /// How many earlier attempts are remembered.
    private static let mostDiscarded = 32

    /// What the next attempt has to remove, and not to forget.
    public var attempts: [String] { Array(allImages.prefix(Self.mostDiscarded)) }

    /// Every RBD image that may hold something of it.
    public var allImages: [String] { [rbdImage].compactMap(\.self) + discarded }

    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        host = try fields.required("host")
        lease = try fields.optional("lease", default: "")
        state = try fields.required("state")
        retry = try fields.optional("retry", default: false)
        desiredRevision = try fields.optional("desired_revision")
        done = try fields.optional("done")
        total = try fields.optional("total")
        pool = try fields.optional("pool")
        rbdImage = try fields.optional("rbd_image")
        discarded = try fields.optional("discarded", default: [])
        snapshot = try fields.optional("snapshot")
        size = try fields.optional("size")
        checksum = try fields.optional("checksum")
        message = try fields.optional("message")
        rest = try fields.rest()
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: rest)
        try fields.put("host", host)
        try fields.put("lease", lease)
        try fields.put("state", state)
        if retry { try fields.put("retry", retry) }
        try fields.put("desired_revision", desiredRevision)
        try fields.put("done", done)
        try fields.put("total", total)
        try fields.put("pool", pool)
        try fields.put("rbd_image", rbdImage)
        if !discarded.isEmpty { try fields.put("discarded", discarded) }
        try fields.put("snapshot", snapshot)
        try fields.put("size", size)
        try fields.put("checksum", checksum)
        try fields.put("message", message)
    }
}
