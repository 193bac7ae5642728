/// What a host's processors offer to guests: `cpu` in `hosts/<host_id>`.
public struct ProcessorModel: Sendable, Hashable, Codable {
    /// libvirt's name for the nearest model that it knows, such as `Skylake-Server-IBRS`.
    public var model: String
    /// Such as `Intel`; empty where libvirt names none.
    public var vendor: String
    /// All that a guest may use, those of the model among them, in order.
    public var features: [String]

    public init(model: String, vendor: String = "", features: some Sequence<String>) {
        self.model = model
        self.vendor = vendor
        self.features = Set(features).sorted()
    }

    /// Why a guest that was started on such processors cannot go on, while it runs, on others; nil where
    /// it can.
    public func hindrance(on other: ProcessorModel) -> String? {
        if vendor != other.vendor, !vendor.isEmpty, !other.vendor.isEmpty {
            return "has processors by \(other.vendor), and the guest was started on \(vendor)'s"
        }
        let missing = Set(features).subtracting(other.features).sorted()
        guard let first = missing.first else { return nil }
        let named = missing.prefix(3).joined(separator: ", ")
        let more = missing.count > 3 ? " and \(missing.count - 3) more" : ""
        let what = missing.count == 1 ? first : named + more
        return "has processors without \(what), which the guest was started with"
    }
}
