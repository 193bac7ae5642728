/// Labels: what people say of things so that they can pick them out again, such as `app=web`.
public enum Labels {
    /// - Throws: `ValidationError` for a name or a value that the rule for names refuses; an empty
    ///   value is fine.
    public static func validate(_ labels: [String: String]) throws(ValidationError) {
        for (name, value) in labels.sorted(by: { $0.key < $1.key }) {
            if let problem = IdentifierRule.problem(with: name) {
                throw ValidationError(subject: "label", found: name, problem: problem)
            }
            if !value.isEmpty, let problem = IdentifierRule.problem(with: value) {
                throw ValidationError(subject: "label \(name)", found: value, problem: problem)
            }
        }
    }
}
