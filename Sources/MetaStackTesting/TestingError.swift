/// What a test's surroundings could not do, in words that say what to do about it.
public struct TestingError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}
