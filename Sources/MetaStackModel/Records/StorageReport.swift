/// What a node has seen in the storage that nobody else says: part of its host's record.
///
/// Management has no way to Ceph of its own. All of it is empty where all is well, and it is written
/// where it changes; how full the storage is changes all the time and is not among it.
public struct StorageReport: Codable, Sendable, Equatable {
    /// More of one kind than this nobody needs to know.
    public static let mostOfAKind = 20

    /// Ceph's own checks that say it is broken, such as `OSD_FULL`.
    public var errors: [String]
    /// Ceph's own checks that say something is not as it should be, such as `OSD_NEARFULL`.
    public var warnings: [String]
    /// Images, as `pool/image`, whose names a node has made and that no record knows.
    public var unknownImages: [String]
    /// Clients of this host that are evicted, and no record says why.
    public var unknownEvictions: [StorageClient]

    public init(
        errors: [String] = [], warnings: [String] = [], unknownImages: [String] = [],
        unknownEvictions: [StorageClient] = []
    ) {
        self.errors = errors
        self.warnings = warnings
        self.unknownImages = unknownImages
        self.unknownEvictions = unknownEvictions
    }

    /// Whether there is nothing to say.
    public var isEmpty: Bool { self == StorageReport() }

    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        errors = try fields.optional("errors", default: [])
        warnings = try fields.optional("warnings", default: [])
        unknownImages = try fields.optional("unknown_images", default: [])
        unknownEvictions = try fields.optional("unknown_evictions", default: [])
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: [:])
        if !errors.isEmpty { try fields.put("errors", errors) }
        if !warnings.isEmpty { try fields.put("warnings", warnings) }
        if !unknownImages.isEmpty { try fields.put("unknown_images", unknownImages) }
        if !unknownEvictions.isEmpty { try fields.put("unknown_evictions", unknownEvictions) }
    }
}
