/// A disk and the RBD image that holds it: `volumes/<volume_id>`.
///
/// Written before the image exists and removed after it is gone, so that a crash leaks nothing.
/// An image's name is used once and never again: a stalled node that wakes up and removes an
/// image can only remove what nobody uses any more.
public struct Volume: Record {
    public var pool: PoolName
    /// The RBD image's name in the pool.
    public var image: String
    /// nil until it is provisioned, where the image's own size is taken.
    public var size: Mebibytes?
    public var vm: VMID
    /// Tells the VM from a later one under the same id.
    public var vmCreateRevision: Revision
    /// The image that it was cloned from.
    public var source: ImageID?
    /// False while the image may be half made.
    public var provisioned: Bool
    /// Images of earlier attempts, the youngest first. They are removed before the next one, and stay
    /// on record as long as the VM does: whoever made them may be at it still, or wake and go on.
    public var discarded: [String]
    /// Tells a seed from one of other content; nil for a disk that its guest writes.
    public var content: String?
    public var rest: [String: JSONValue]

    public init(
        pool: PoolName, image: String, size: Mebibytes? = nil, vm: VMID,
        vmCreateRevision: Revision, source: ImageID? = nil, provisioned: Bool = false,
        discarded: [String] = [], content: String? = nil, rest: [String: JSONValue] = [:]
    ) {
        self.pool = pool
        self.image = image
        self.size = size
        self.vm = vm
        self.vmCreateRevision = vmCreateRevision
        self.source = source
        self.provisioned = provisioned
        self.discarded = discarded
        self.content = content
        self.rest = rest
    }

    /// Every image that must be gone before the record may go.
    public var allImages: [String] { [image] + discarded }

    /// How many earlier attempts are remembered. Each had a claim of its own, so the maker of an
    /// older one has been gone for as many leases.
    private static let mostDiscarded = 32

    /// What the next attempt has to remove, and not to forget.
    public var attempts: [String] { Array(allImages.prefix(Self.mostDiscarded)) }

    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        pool = try fields.required("pool")
        image = try fields.required("image")
        size = try fields.optional("size")
        vm = try fields.required("vm")
        vmCreateRevision = try fields.required("vm_create_revision")
        source = try fields.optional("source")
        provisioned = try fields.optional("provisioned", default: false)
        discarded = try fields.optional("discarded", default: [])
        content = try fields.optional("content")
        rest = try fields.rest()
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: rest)
        try fields.put("pool", pool)
        try fields.put("image", image)
        try fields.put("size", size)
        try fields.put("vm", vm)
        try fields.put("vm_create_revision", vmCreateRevision)
        try fields.put("source", source)
        try fields.put("provisioned", provisioned)
        if !discarded.isEmpty { try fields.put("discarded", discarded) }
        try fields.put("content", content)
    }
}

/// Names a volume: the VM's id, a dot and the disk's name, which holds no dot itself.
public struct VolumeID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The disk that the VM boots from.
    public static let rootDisk = "root"
    /// The disk that the guest's cloud-init reads, and that nobody writes once it is made.
    public static let seedDisk = "seed"

    public let vm: VMID
    public let disk: String

    public init(vm: VMID, disk: String = VolumeID.rootDisk) {
        self.vm = vm
        self.disk = disk
    }

    /// Reads `<vm_id>.<disk>`.
    ///
    /// - Throws: `ValidationError` where there is no dot or one of its parts is no identifier.
    public init(_ text: String) throws(ValidationError) {
        guard let dot = text.lastIndex(of: "."), text.index(after: dot) < text.endIndex else {
            throw ValidationError(
                subject: "volume id", found: text, problem: "write it as <vm id>.<disk>")
        }
        vm = try VMID(String(text[..<dot]))
        disk = String(text[text.index(after: dot)...])
        if let problem = IdentifierRule.problem(with: disk) {
            throw ValidationError(subject: "volume id", found: text, problem: problem)
        }
    }

    /// The VM's seed for cloud-init.
    public static func seed(of vm: VMID) -> VolumeID { VolumeID(vm: vm, disk: seedDisk) }

    /// Whether its guest has it open for reading alone, so that it needs no fence.
    public var isReadOnly: Bool { disk == Self.seedDisk }

    public var description: String { "\(vm).\(disk)" }

    public static func < (left: Self, right: Self) -> Bool {
        (left.vm, left.disk) < (right.vm, right.disk)
    }
}
