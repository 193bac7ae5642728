/// Why a host's networks could not be made as they are wanted.
public struct NetworkPlaneError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: Sendable {
        /// A program of the host failed.
        case command
        /// What a program of the host said is not what it says elsewhere.
        case answer
        /// A file or directory.
        case file
        /// What was made is not there when it is looked for.
        case unsettled
    }

    public let code: Code
    public let message: String
    /// Whether the same may go well later.
    public var isRetriable: Bool { code != .answer }

    public var description: String { message }

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
