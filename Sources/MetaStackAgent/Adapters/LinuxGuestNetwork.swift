public import LinuxNetwork
public import MetaStackModel

/// Guests' networks made of this kernel's links and rules.
public struct LinuxGuestNetwork: GuestNetwork {
    private let network: NetworkPlane
    private let offer: KernelOffer
    private let underlay: IPAddress?
    private let driver: NetworkDriver

    /// - Parameters:
    ///   - directory: where the networks' files lie; nobody else's.
    ///   - driver: what makes bridges and VLANs, and protects.
    ///   - underlay: where other hosts send the packets of VXLANs to; nil for nowhere.
    /// - Throws: where the host cannot be asked what it can do, for want of rights or programs.
    public init(
        directory: String, bridge: InterfaceName, underlay: IPAddress?, driver: NetworkDriver
    ) async throws {
        offer = try await KernelOffer.probe(for: driver)
        self.underlay = underlay
        self.driver = driver
        network = NetworkPlane(
            PlaneSettings(
                directory: directory, bridge: bridge, underlay: underlay, driver: driver),
            offer: offer)
    }

    public func plane() async -> HostPlane {
        switch driver {
        case .linux: kernelPlane
        // It may have been started, or ended, since.
        case .openVSwitch: HostPlane(openVSwitch: await KernelOffer.switchProblem())
        }
    }

    private var kernelPlane: HostPlane {
        HostPlane(
            underlay: underlay,
            noVLANs: offer.hasVLANs ? nil : "the kernel has no VLANs (8021q)",
            noVXLANs: offer.hasVXLANs
                ? underlay == nil ? "the host has no address for them (network.underlay)" : nil
                : "the kernel has no VXLANs (vxlan)",
            noProtection: offer.tracking == nil ? offer.problems.first : nil,
            noNAT64: offer.noNAT64,
            noLimits: offer.hasRateLimits
                ? nil : "the kernel has no limits of nftables (nft_limit)",
            noShaping: offer.hasShaping
                ? nil
                : "the kernel has not all of HTB, SFQ and policing (sch_htb, sch_sfq, act_police); a NIC "
                    + "on a network needs none of them")
    }

    public func converge(_ wanted: HostNetworks) async throws -> GuestNetworkReport {
        let report = try await network.converge(wanted)
        return GuestNetworkReport(
            ready: try report.ready.mapValues {
                GuestNetworkReport.Place(bridge: try InterfaceName($0.bridge), mtu: $0.mtu)
            }, problems: report.problems, withoutMetadata: report.withoutMetadata)
    }

    public func damage() async throws -> AsyncStream<Void> { try await network.damage() }

    public func answerMetadata(with answer: @escaping MetadataAnswering) {
        network.answerMetadata(with: answer)
    }
}

extension HostPlane {
    /// What a host can do whose networks Open vSwitch makes.
    ///
    /// - Parameter problem: why it protects nobody; nil where it does.
    init(openVSwitch problem: String?) {
        self.init(
            driver: .openVSwitch, noVXLANs: KernelOffer.noVXLANsWithSwitch, noProtection: problem,
            noNAT64: KernelOffer.noNAT64WithSwitch,
            noShaping: "with Open vSwitch only NICs on networks are limited (network.driver)")
    }
}
