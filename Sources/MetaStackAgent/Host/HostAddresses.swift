import Foundation
import MetaStackModel

extension HostRecord.Fixed {
    /// What the configuration and the machine say.
    init(_ configuration: NodeConfiguration, since: Timestamp) {
        self.init(
            name: configuration.node.name, labels: configuration.node.labels,
            reservedRAM: configuration.node.reservedRAM,
            addresses: HostAddresses.all(),
            bridge: configuration.network.bridge, version: Version.current, since: since)
    }
}

/// The host's own addresses.
enum HostAddresses {
    /// One for a URI: an IPv6 address stands in brackets there.
    static var first: String? {
        all().first.map { $0.contains(":") ? "[\($0)]" : $0 }
    }

    /// The one that other hosts send the packets of VXLANs to; nil where there is none.
    ///
    /// - Parameter wanted: what it has to be among; nil for any.
    static func underlay(_ wanted: IPPrefix?, among all: [String] = all()) -> IPAddress? {
        let addresses = all.compactMap { try? IPAddress($0) }.sorted()  // One with a zone is none.
        if let wanted { return addresses.first { wanted.contains($0) } }
        return addresses.first { $0.family == .ipv6 } ?? addresses.first
    }

    /// Every address that others can reach (`getifaddrs`): no loopback and no link-local one.
    static func all() -> [String] {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return [] }
        defer { freeifaddrs(first) }
        var addresses: [String] = []
        for interface in sequence(first: first, next: { $0?.pointee.ifa_next }).compactMap(\.self) {
            guard let address = text(of: interface.pointee.ifa_addr), !address.hasPrefix("127."),
                address != "::1", !address.hasPrefix("fe80:")
            else { continue }
            addresses.append(address)
        }
        return addresses.sorted()
    }

    /// nil where it is neither IPv4 nor IPv6 (`getnameinfo`).
    private static func text(of address: UnsafeMutablePointer<sockaddr>?) -> String? {
        guard let address else { return nil }
        let length: Int
        switch Int32(address.pointee.sa_family) {
        case AF_INET: length = MemoryLayout<sockaddr_in>.size
        case AF_INET6: length = MemoryLayout<sockaddr_in6>.size
        default: return nil
        }
        var buffer = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let result = getnameinfo(
            address, socklen_t(length), &buffer, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST)
        guard result == 0 else { return nil }
        return String(
            decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
