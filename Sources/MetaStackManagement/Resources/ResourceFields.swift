/// One field of a desired record: what programs may send, what editors complete, what the API's
/// description says.
package struct ResourceField: Sendable, Equatable {
    /// What may stand in it.
    package indirect enum Form: Sendable, Equatable {
        case name, text, boolean
        case integer(ClosedRange<Int>)
        case number(ClosedRange<Double>)
        /// A number of MiB, or a text such as `512MiB` or `4GiB`.
        case size
        case choice([String])
        /// `sha256:` and 64 digits.
        case checksum
        /// `https://…`, `http://…` or `file:///…`.
        case url
        /// RFC 3339.
        case time
        /// A line of an `authorized_keys` file.
        case publicKey
        /// A host name by RFC 1123.
        case hostName
        /// Text of several lines, of at most so many bytes.
        case document(most: Int)
        /// A text that this regular expression matches.
        case pattern(String)
        /// Texts by name.
        case labels
        case groups([String])
        case object([ResourceField])
        case list(Form, most: Int)
        /// Any JSON.
        case anything
    }

    package let name: String
    package let form: Form
    package let isRequired: Bool
    /// In a few words.
    package let summary: String

    init(_ name: String, _ form: Form, required: Bool = false, _ summary: String) {
        self.name = name
        self.form = form
        isRequired = required
        self.summary = summary
    }
}
