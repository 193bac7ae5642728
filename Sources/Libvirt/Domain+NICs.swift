import CLibvirt

/// Network cards of a domain that runs.
extension Domain {
    /// Plugs a card in (`virDomainAttachDeviceFlags`, live only): the guest sees it at once.
    ///
    /// - Throws: `LibvirtError`; `.invalidValue` before anything was tried.
    public func attach(_ nic: NIC) async throws {
        let xml = try nic.xml()
        try await call("attach network card \(nic.mac) to domain") { domain, attempt in
            try checked(
                virDomainAttachDeviceFlags(domain, xml, VIR_DOMAIN_AFFECT_LIVE.rawValue), attempt)
        }
    }

    /// Asks the guest to let a card go, and does not wait for it (`virDomainDetachDeviceAlias`, live
    /// only). Does nothing where there is no such card.
    ///
    /// The guest has to agree, and one that boots, hangs or has its processors stopped does not. When
    /// it has, ``DomainEvent/deviceRemoved(_:alias:)`` says so, and ``nics()`` has the card no more.
    /// `virDomainDetachDeviceFlags` would wait for up to five seconds, in which the guest could not be
    /// suspended either.
    ///
    /// - Parameter device: the name of the host's end.
    public func detach(_ device: String) async throws {
        guard let alias = try await reading().nicAliases[device] else { return }
        try await call("detach network card \(device) from domain") { domain, attempt in
            try checked(
                virDomainDetachDeviceAlias(domain, alias, VIR_DOMAIN_AFFECT_LIVE.rawValue), attempt)
        }
    }

    /// Changes how fast a card may be (`virDomainSetInterfaceParameters`, live only).
    ///
    /// - Parameter device: the host's end, or the card's address.
    public func setLimits(_ limits: NIC.Limits, of device: String) async throws {
        try await call("limit network card \(device) of domain") { domain, attempt in
            var list: virTypedParameterPtr?
            var count: Int32 = 0
            var room: Int32 = 0
            defer { virTypedParamsFree(list, count) }
            for (name, rate) in [
                (VIR_DOMAIN_BANDWIDTH_IN_AVERAGE, limits.inbound),
                (VIR_DOMAIN_BANDWIDTH_OUT_AVERAGE, limits.outbound),
            ] {
                // 0 takes a limit away.
                try checked(
                    virTypedParamsAddUInt(&list, &count, &room, name, UInt32(clamping: rate ?? 0)),
                    attempt)
            }
            try checked(
                virDomainSetInterfaceParameters(
                    domain, device, list, count, VIR_DOMAIN_AFFECT_LIVE.rawValue), attempt)
        }
    }

    /// The cards that it has now, on bridges.
    public func nics() async throws -> [NIC] { try await reading().nics }

    /// What one card has carried (`virDomainInterfaceStats`).
    ///
    /// For many ask the connection's `statistics()` once instead.
    ///
    /// - Parameter device: the host's end, or the card's address.
    public func nicStatistics(of device: String) async throws -> NICStatistics {
        try await call("get statistics of network card \(device) of domain") { domain, attempt in
            var counts = virDomainInterfaceStatsStruct()
            try checked(
                virDomainInterfaceStats(
                    domain, device, &counts, MemoryLayout<virDomainInterfaceStatsStruct>.size),
                attempt)
            return NICStatistics(device: device, counts)
        }
    }
}

/// What a network card has carried since its host's end came to be, as its guest sees it.
public struct NICStatistics: Sendable, Equatable {
    /// The name of the host's end.
    public let device: String
    /// To the guest.
    public let received: Counts
    /// From the guest.
    public let sent: Counts

    public struct Counts: Sendable, Equatable {
        public let bytes: UInt64
        public let packets: UInt64
        public let errors: UInt64
        public let dropped: UInt64

        /// libvirt says -1 for what a driver does not count.
        fileprivate init(_ bytes: Int64, _ packets: Int64, _ errors: Int64, _ dropped: Int64) {
            self.bytes = UInt64(clamping: bytes)
            self.packets = UInt64(clamping: packets)
            self.errors = UInt64(clamping: errors)
            self.dropped = UInt64(clamping: dropped)
        }
    }

    fileprivate init(device: String, _ counts: virDomainInterfaceStatsStruct) {
        self.device = device
        received = Counts(counts.rx_bytes, counts.rx_packets, counts.rx_errs, counts.rx_drop)
        sent = Counts(counts.tx_bytes, counts.tx_packets, counts.tx_errs, counts.tx_drop)
    }

    /// Reads one card of `virConnectGetAllDomainStats`, whose names begin with `net.<number>`.
    init?(_ prefix: String, _ parameters: TypedParameters) {
        guard let device = parameters.string("\(prefix).name") else { return nil }
        func counts(_ direction: String) -> Counts {
            func count(_ name: String) -> Int64 {
                Int64(clamping: parameters.unsignedLong("\(prefix).\(direction).\(name)") ?? 0)
            }
            return Counts(count("bytes"), count("pkts"), count("errs"), count("drop"))
        }
        self.device = device
        received = counts("rx")
        sent = counts("tx")
    }
}
