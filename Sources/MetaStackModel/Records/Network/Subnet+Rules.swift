extension Subnet {
    func check() throws {
        let longest =
            prefix.family == .ipv4 ? Self.longestPrefix.ipv4 : Self.longestPrefix.ipv6
        guard prefix.length <= longest else {
            throw FieldProblem(
                path: "prefix", problem: "prefix \(prefix) is too small, use /\(longest) or larger")
        }
        guard prefix.length > 0, prefix.first.isHost || prefix.last.isHost else {
            throw FieldProblem(
                path: "prefix", problem: "prefix \(prefix) has no addresses that hosts can have")
        }
        try checkGateway()
        try checkLists()
    }

    private func checkGateway() throws(FieldProblem) {
        func refuse(_ path: String, _ problem: String) throws(FieldProblem) {
            throw FieldProblem(path: path, problem: problem)
        }
        switch (gatewayMode, gateway) {
        case (.none, let gateway?):
            try refuse(
                "gateway", "gateway \(gateway) and gateway_mode none contradict each other")
        case (.node, nil):
            try refuse("gateway", "the field gateway is missing: gateway_mode node needs one")
        case (.external, nil) where prefix.family == .ipv4:
            try refuse("gateway", "the field gateway is missing: gateway_mode external needs one")
        case (.none, nil), (.external, _), (.node, _): break
        }
        if let gateway { try checkGateway(gateway) }
        if nat, gatewayMode != .node || prefix.family != .ipv4 {
            try refuse("nat", "nat is for IPv4 subnets whose gateway_mode is node")
        }
    }

    private func checkGateway(_ gateway: IPAddress) throws(FieldProblem) {
        let isLinkLocal = gateway.family == .ipv6 && gateway.isLinkLocal
        guard gateway.family == prefix.family, prefix.contains(gateway) || isLinkLocal else {
            throw FieldProblem(
                path: "gateway", problem: "gateway \(gateway) is outside its prefix \(prefix)")
        }
        if let problem = endProblem(gateway) {
            throw FieldProblem(path: "gateway", problem: "gateway \(gateway) is \(problem)")
        }
    }

    private func checkLists() throws {
        try Self.checkCount("ranges", ranges.count, Self.mostRanges)
        try Self.checkCount("routes", routes.count, Self.mostRoutes)
        try Self.checkCount("dns", dns.count, Self.mostDNSServers)
        for (index, range) in ranges.enumerated() {
            let path = "ranges.\(index)"
            guard prefix.contains(range.first), prefix.contains(range.last) else {
                throw FieldProblem(
                    path: path, problem: "range \(range) is outside its prefix \(prefix)")
            }
            if let other = ranges[..<index].first(where: { $0.overlaps(range) }) {
                throw FieldProblem(path: path, problem: "range \(range) overlaps range \(other)")
            }
        }
        for (index, route) in routes.enumerated() {
            guard route.to.family == prefix.family, route.via.family == prefix.family else {
                throw FieldProblem(
                    path: "routes.\(index)",
                    problem:
                        "route \(route.to) via \(route.via) is not of \(prefix.family), as its "
                        + "subnet is")
            }
            guard prefix.contains(route.via) || route.via.isLinkLocal else {
                throw FieldProblem(
                    path: "routes.\(index).via",
                    problem: "\(route.via) is outside the subnet's prefix \(prefix)")
            }
        }
        for (index, server) in dns.enumerated() where !server.isHost {
            throw FieldProblem(
                path: "dns.\(index)", problem: "no name server can have the address \(server)")
        }
    }

    private static func checkCount(_ name: String, _ count: Int, _ most: Int) throws(FieldProblem) {
        guard count <= most else {
            throw FieldProblem(
                path: name, problem: "\(count) \(name): a subnet has at most \(most)")
        }
    }

    /// Which end of the prefix an address is; nil for those between.
    private func endProblem(_ address: IPAddress) -> String? {
        switch prefix.family {
        case .ipv4:
            address == prefix.first
                ? "the network's own address"
                : address == prefix.last ? "the broadcast address" : nil
        // RFC 4291, 2.6.1.
        case .ipv6: address == prefix.first ? "every router's address" : nil
        }
    }

    /// Why no guest can have an address of this subnet; nil where one can.
    public func problem(withGuest address: IPAddress) -> String? {
        if !prefix.contains(address) { return "\(address) is outside \(prefix)" }
        if address == gateway { return "\(address) is the gateway of \(prefix)" }
        return endProblem(address).map { "\(address) is \($0) of \(prefix)" }
    }

    /// How far the addresses go that guests get of a large IPv6 prefix: below are those that people
    /// give by hand.
    private static let dynamicIPv6 = (first: UInt128(0x1_0000), last: UInt128(0xffff_ffff))

    /// The addresses that guests get that ask for none: the record's ranges, else all that are not
    /// somebody's already; never the prefix's ends and never its gateway.
    public var dynamicRanges: [IPRange] {
        let taken =
            [prefix.first, gateway].compactMap(\.self)
            + (prefix.family == .ipv4 ? [prefix.last] : [])
        guard ranges.isEmpty else { return Self.cut(ranges, taken) }
        return Self.cut([widest], taken + dns + routes.map(\.via))
    }

    private var widest: IPRange {
        guard prefix.family == .ipv6,
            prefix.last.number - prefix.first.number > 2 * Self.dynamicIPv6.first,
            let first = prefix.first.advanced(by: Self.dynamicIPv6.first)
        else { return IPRange(unchecked: prefix.first, prefix.last) }
        let last = prefix.first.advanced(by: Self.dynamicIPv6.last) ?? prefix.last
        return IPRange(unchecked: first, min(last, prefix.last))
    }

    private static func cut(_ ranges: [IPRange], _ taken: [IPAddress]) -> [IPRange] {
        taken.reduce(ranges) { ranges, address in ranges.flatMap { $0.without(address) } }.sorted()
    }
}
