public import MetaStackAgent
public import MetaStackModel
import Synchronization

/// Image files that are there because somebody asks for them; none is really fetched.
public final class FakeImageFiles: ImageFiles {
    /// What every image holds, in bytes.
    public static let imageSize: Int64 = 48 << 20

    public enum Call: Sendable, Hashable { case fetch }

    public let calls = CallPoints<Call>()

    public init() {}

    public func fetch(
        _ image: Image, as id: ImageID,
        progress: @escaping @Sendable (Int64, Int64?) async -> Void
    ) async throws -> FetchedFile {
        try await calls.reached(.fetch)
        await progress(Self.imageSize, Self.imageSize)
        let checksum = try Checksum(String(repeating: "0", count: 64))
        return FetchedFile(rawPath: "/nowhere/\(id).raw", checksum: image.checksum ?? checksum)
    }
}
