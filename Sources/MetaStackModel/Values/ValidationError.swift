/// A value that came from outside and cannot be used, said in one sentence.
public struct ValidationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What the value was meant to be, such as `VM id` or `ram`.
    public let subject: String
    /// The value as it was found; shown escaped and cut to 80 characters.
    public let found: String
    /// What is wrong with it, and where it helps, what to do.
    public let problem: String

    public init(subject: String, found: String, problem: String) {
        self.subject = subject
        self.found = found
        self.problem = problem
    }

    public var description: String {
        "\(subject) \(found.quotedForPeople) cannot be used: \(problem)"
    }
}

extension String {
    /// The text in quotes, control characters escaped, cut to 80 characters, so that one message
    /// stays one line whatever somebody put into a record.
    public var quotedForPeople: String {
        let shown = unicodeScalars.prefix(80).map { $0.escaped(asASCII: false) }.joined()
        return "\"\(shown)\(unicodeScalars.count > 80 ? "…" : "")\""
    }
}
