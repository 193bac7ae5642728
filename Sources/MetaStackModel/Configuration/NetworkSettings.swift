/// What guests' NICs hang on: the section `network`.
public struct NetworkSettings: Sendable, Equatable {
    /// What makes them.
    public var driver = NetworkDriver.linux

    /// A bridge of the host, as `ip link` names it, or Open vSwitch where that is the driver.
    public var bridge = "br0"

    /// Where other hosts send the packets of VXLANs to: this host's address among those, or one by
    /// itself; nil for its first IPv6 address, else its first IPv4 one.
    public var underlay: IPPrefix?

    public init() {}

    private static func prefix(_ text: String) throws(ValidationError) -> IPPrefix {
        text.contains("/") ? try IPPrefix(text) : IPPrefix(only: try IPAddress(text))
    }

    init(_ reader: inout ConfigurationReader) {
        driver = reader.value("network", "driver", default: driver, SettingText.choice)
        bridge = reader.value("network", "bridge", default: bridge, Self.bridge)
        underlay = reader.optional("network", "underlay", Self.prefix)
    }

    private static func bridge(_ text: String) throws(ValidationError) -> String {
        if let problem = InterfaceName.problem(with: text) {
            throw SettingText.refuse("bridge", text, problem)
        }
        return text
    }
}
