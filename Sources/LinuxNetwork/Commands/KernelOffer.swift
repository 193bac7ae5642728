public import MetaStackModel

/// What a host's kernel and programs can do for guests' networks.
public struct KernelOffer: Sendable, Equatable {
    /// How rules between bridge ports know the connections that are allowed already.
    public enum Tracking: Sendable, Equatable {
        /// The kernel tracks connections on bridges (`nf_conntrack_bridge`).
        case bridge
        /// The IP layers see what the bridge forwards (`br_netfilter`) and mark it.
        case marks
    }

    /// nil where it can do neither: there no guest is protected, and so none may run.
    public var tracking: Tracking?
    /// Links for VLANs (`8021q`).
    public var hasVLANs: Bool
    public var hasVXLANs: Bool
    /// Whether dnsmasq is there, which gives guests their addresses.
    public var hasDNSMasq: Bool
    /// Whether rules can count and limit what each guest sends and gets (`nft_limit`).
    public var hasRateLimits: Bool
    /// Whether libvirt can limit a NIC on a bridge that is nobody's network: by HTB, SFQ and policing.
    public var hasShaping: Bool
    /// Why guests of IPv6 alone get no IPv4 addresses here; nil where they do.
    public var noNAT64: String?

    /// What translates between IPv6 and IPv4.
    static let translator: any AddressTranslator = Tayga()

    public init(
        tracking: Tracking?, hasVLANs: Bool = true, hasVXLANs: Bool = true,
        hasDNSMasq: Bool = true, hasRateLimits: Bool = true, hasShaping: Bool = true,
        noNAT64: String? = nil
    ) {
        self.tracking = tracking
        self.hasVLANs = hasVLANs
        self.hasVXLANs = hasVXLANs
        self.hasDNSMasq = hasDNSMasq
        self.hasRateLimits = hasRateLimits
        self.noNAT64 = noNAT64
        self.hasShaping = hasShaping
    }

    /// Tries it all out in network namespaces that end with the trial.
    ///
    /// - Throws: `NetworkPlaneError` where not even that can be done, for want of rights or programs.
    public static func probe(
        for driver: NetworkDriver = .linux
    ) async throws(NetworkPlaneError) -> KernelOffer {
        switch driver {
        case .linux: try await probeKernel()
        case .openVSwitch: try await probeSwitch()
        }
    }

    private static func probeKernel() async throws(NetworkPlaneError) -> KernelOffer {
        let commands = HostCommands(namespace: nil)
        try await commands.run("unshare", ["--net", "true"])
        return KernelOffer(
            tracking: try await tracking(commands),
            hasVLANs: try await commands.canMake(
                ["link add name a type veth peer name b", "link add link a name c type vlan id 5"]),
            hasVXLANs: try await commands.canMake(["link add name a type vxlan id 5 dstport 4789"]),
            hasDNSMasq: (try? await commands.run("dnsmasq", ["--version"])) != nil,  // Not there.
            hasRateLimits: try await commands.canFilter(Self.limits),
            hasShaping: try await commands.attempt("unshare", ["--net", "sh", "-c", Self.shaping])
                .complaint == nil,
            noNAT64: try await translator.problem(commands))
    }

    private static func tracking(
        _ commands: HostCommands
    ) async throws(NetworkPlaneError) -> Tracking? {
        if try await commands.canFilter(Self.bridgeTracking) { return .bridge }
        // Debian has it as a module; nothing else loads it.
        _ = try? await commands.attempt("modprobe", ["-q", "br_netfilter"])  // Or it is built in.
        let sees = try await commands.attempt(
            "unshare", ["--net", "sysctl", "-n", "net.bridge.bridge-nf-call-iptables"])
        guard sees.complaint == nil, try await commands.canFilter(Self.marks) else { return nil }
        return .marks
    }

    private static let bridgeTracking = """
        table bridge trial {
            chain trial {
                type filter hook postrouting priority 0
                ct state established accept
            }
        }
        """
    static let limits = """
        table inet trial {
            set trial {
                type ether_addr
                size 16; flags dynamic, timeout; timeout 1m
            }
            chain trial {
                type filter hook input priority 0
                update @trial { ether saddr limit rate over 1/second burst 5 packets } drop
            }
        }
        table bridge trial {
            chain trial {
                type filter hook postrouting priority 0
                limit rate over 1000 bytes/second burst 1000 bytes drop
            }
        }
        """
    /// As libvirt does it (`virNetDevBandwidthSet`).
    private static let shaping = """
        set -e
        ip link add a type veth peer name b
        tc qdisc add dev a root handle 1: htb default 1
        tc class add dev a parent 1: classid 1:1 htb rate 8kbps
        tc qdisc add dev a parent 1:1 handle 2: sfq perturb 10
        tc qdisc add dev a ingress
        tc filter add dev a parent ffff: protocol all u32 match u32 0 0 police rate 8kbps burst 8kb \
            mtu 64kb drop flowid :1
        """
    private static let marks = """
        table bridge trial {
            chain trial {
                type filter hook postrouting priority 0
                meta mark 1 accept
            }
        }
        table inet trial {
            chain trial {
                type filter hook prerouting priority -150
                ct state established meta mark set 1
            }
        }
        """
}

extension KernelOffer {
    /// What is missing, for people; empty where a host can have every kind of network.
    public var problems: [String] {
        var found: [String] = []
        if tracking == nil {
            found.append(
                "the kernel tracks connections neither on bridges (nf_conntrack_bridge) nor behind "
                    + "them (br_netfilter): guests cannot be protected")
        }
        if !hasVLANs { found.append("the kernel has no VLANs (8021q)") }
        if !hasVXLANs { found.append("the kernel has no VXLANs (vxlan)") }
        if !hasDNSMasq {
            found.append("dnsmasq is not installed, which gives guests their addresses")
        }
        if let noNAT64 { found.append("guests of IPv6 alone get no IPv4 addresses: \(noNAT64)") }
        return found
    }
}

extension HostCommands {
    fileprivate func canMake(_ lines: [String]) async throws(NetworkPlaneError) -> Bool {
        let input = lines.joined(separator: "\n") + "\n"
        return try await attempt("unshare", ["--net", "ip", "-batch", "-"], input: input).complaint
            == nil
    }

    func canFilter(_ rules: String) async throws(NetworkPlaneError) -> Bool {
        try await attempt("unshare", ["--net", "nft", "-f", "-"], input: rules).complaint == nil
    }
}
