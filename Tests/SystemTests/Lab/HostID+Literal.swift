public import MetaStackModel

/// Tests name the lab's hosts.
extension HostID: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) { self.init(unchecked: text) }
}
