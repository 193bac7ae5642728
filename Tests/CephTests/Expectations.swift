import Ceph
import Testing

/// The `CephError` that `body` throws; nil where it throws none.
func cephError<Value>(_ body: () async throws -> Value) async -> CephError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? CephError
    }
}

/// Expects a `CephError` with this code, whose text names what it is about.
func expect<Value>(
    _ code: CephError.Code, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Value
) async {
    let error = await cephError(body)
    #expect(error?.code == code, sourceLocation: sourceLocation)
    #expect(error?.subject.isEmpty == false, sourceLocation: sourceLocation)
}
