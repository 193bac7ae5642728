/// What makes guests' networks on a host.
public enum NetworkDriver: String, Sendable, CaseIterable {
    /// The kernel's bridges, VLANs and VXLANs, with nftables.
    case linux
    /// Open vSwitch: bridges and VLANs, with OpenFlow.
    case openVSwitch = "openvswitch"
}
