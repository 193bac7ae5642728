/// What guests' NICs hang on: the section `network`.
public struct NetworkSettings: Sendable, Equatable {
    /// A bridge of the host, as `ip link` names it.
    public var bridge = "br0"

    public init() {}

    init(_ reader: inout ConfigurationReader) {
        bridge = reader.value("network", "bridge", default: bridge, Self.bridge)
    }

    private static func bridge(_ text: String) throws(ValidationError) -> String {
        if let problem = InterfaceName.problem(with: text) {
            throw SettingText.refuse("bridge", text, problem)
        }
        return text
    }
}
