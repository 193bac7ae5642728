/// A network card on a bridge of the host.
public struct NIC: Sendable, Equatable {
    /// The bridge's name.
    public var bridge: String
    /// Six bytes such as `52:54:00:12:34:56`.
    public var mac: String
    public var model = "virtio"
    /// The name of the host's end, nil for one that libvirt chooses.
    ///
    /// A name of one's own goes with the guest when it is moved; one that libvirt chose (`vnet7`) does
    /// not.
    public var targetDevice: String?
    /// The largest packet in bytes, which a virtio card also tells its guest; nil for the bridge's own.
    public var mtu: Int?
    public var limits = Limits()
    /// Whether the bridge is one of Open vSwitch, to which libvirt adds the card's host end with `ovs-vsctl`.
    public var isOnOpenVSwitch = false

    /// How fast it may be in kilobytes (1000 bytes) a second, the unit of libvirt's `<bandwidth>`; nil
    /// for as fast as it goes.
    public struct Limits: Sendable, Equatable {
        /// Towards the guest. The kernel shapes it (HTB): what is too much waits.
        public var inbound: Int?
        /// From the guest. The kernel polices it: what is too much is dropped.
        public var outbound: Int?

        public init(inbound: Int? = nil, outbound: Int? = nil) {
            self.inbound = inbound
            self.outbound = outbound
        }
    }

    public init(
        bridge: String, mac: String, targetDevice: String? = nil, mtu: Int? = nil,
        limits: Limits = Limits()
    ) {
        self.bridge = bridge
        self.mac = mac
        self.targetDevice = targetDevice
        self.mtu = mtu
        self.limits = limits
    }
}

// MARK: XML

extension NIC {
    func write(to writer: XMLWriter) {
        writer.element("interface", ["type": "bridge"]) {
            writer.element("mac", ["address": mac])
            writer.element("source", ["bridge": bridge])
            if isOnOpenVSwitch { writer.element("virtualport", ["type": "openvswitch"]) }
            if let targetDevice { writer.element("target", ["dev": targetDevice]) }
            writer.element("model", ["type": model])
            if let mtu { writer.element("mtu", ["size": "\(mtu)"]) }
            if limits != Limits() {
                writer.element("bandwidth") {
                    if let rate = limits.inbound {
                        writer.element("inbound", ["average": "\(rate)"])
                    }
                    if let rate = limits.outbound {
                        writer.element("outbound", ["average": "\(rate)"])
                    }
                }
            }
        }
    }

    /// The element alone, as attaching and detaching want it.
    func xml() throws -> String {
        try validate()
        let writer = try XMLWriter()
        write(to: writer)
        return try writer.finish(Attempt("describe network card", mac))
    }

    /// nil for a card that hangs on anything but a bridge.
    init?(_ node: XMLDocument.Node) {
        guard let mac = node.first("mac")?.attribute("address"),
            let bridge = node.first("source")?.attribute("bridge")
        else { return nil }
        let bandwidth = node.first("bandwidth")
        func rate(_ direction: String) -> Int? {
            bandwidth?.first(direction)?.attribute("average").flatMap { Int($0) }
        }
        self.init(
            bridge: bridge, mac: mac, targetDevice: node.first("target")?.attribute("dev"),
            mtu: node.first("mtu")?.attribute("size").flatMap { Int($0) },
            limits: Limits(inbound: rate("inbound"), outbound: rate("outbound")))
        isOnOpenVSwitch = node.first("virtualport")?.attribute("type") == "openvswitch"
        model = node.first("model")?.attribute("type") ?? "virtio"
    }
}

// MARK: Validation

extension NIC {
    func validate() throws {
        try Validation.interface(bridge, "bridge")
        if let targetDevice { try Validation.interface(targetDevice, "network device") }
        try Validation.part(model, "network card model")
        // The least that IPv4 asks of a link, and the most that a packet's length can say.
        if let mtu {
            try Validation.require(
                (68...65535).contains(mtu), "\(mtu)", "MTU", "is not between 68 and 65535")
        }
        // tc takes rates of 32 bits in bytes a second.
        for rate in [limits.inbound, limits.outbound].compactMap(\.self) {
            try Validation.require(
                (1...4_000_000).contains(rate), "\(rate)", "bandwidth",
                "is not between 1 and 4000000 kilobytes a second")
        }
        let bytes = mac.split(separator: ":", omittingEmptySubsequences: false)
        let isAddress =
            bytes.count == 6
            && bytes.allSatisfy { $0.utf8.count == 2 && UInt8($0, radix: 16) != nil }
        try Validation.require(
            isAddress, mac, "network address", "is not of the form 52:54:00:12:34:56")
        let isMulticast = bytes.first.flatMap { UInt8($0, radix: 16) }.map { $0 & 1 == 1 }
        try Validation.require(isMulticast == false, mac, "network address", "is for multicast")
    }
}
