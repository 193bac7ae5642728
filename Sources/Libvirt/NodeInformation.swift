import CLibvirt
import Glibc

/// What a libvirt host is.
public struct NodeInformation: Sendable, Equatable {
    public let hostname: String
    public let memoryBytes: Int
    /// Logical processors that are online.
    public let cpus: Int
    /// The processors' architecture, as libvirt names it, such as `x86_64`.
    public let cpuModel: String
    public let megahertz: Int
    /// Such as `QEMU`.
    public let hypervisor: String
    public let hypervisorVersion: Version
    /// The daemon's.
    public let libvirtVersion: Version

    /// libvirt packs a version as 1,000,000 × major + 1,000 × minor + release.
    public struct Version: Sendable, Equatable, CustomStringConvertible {
        public let major: Int
        public let minor: Int
        public let release: Int

        init(packed: UInt) {
            major = Int(packed / 1_000_000)
            minor = Int(packed / 1_000 % 1_000)
            release = Int(packed % 1_000)
        }

        public var description: String { "\(major).\(minor).\(release)" }
    }
}

extension LibvirtConnection {
    /// The host's name, size and versions (`virConnectGetHostname`, `virNodeGetInfo`,
    /// `virConnectGetType`, `virConnectGetVersion`, `virConnectGetLibVersion`).
    public func nodeInformation() async throws -> NodeInformation {
        let attempt = Attempt("look at node", uri)
        return try await call(attempt) { connection in
            var info = virNodeInfo()
            var hypervisorVersion: UInt = 0
            var libvirtVersion: UInt = 0
            try checked(virNodeGetInfo(connection, &info), attempt)
            try checked(virConnectGetVersion(connection, &hypervisorVersion), attempt)
            try checked(virConnectGetLibVersion(connection, &libvirtVersion), attempt)
            guard let type = virConnectGetType(connection),
                let hostname = virConnectGetHostname(connection)
            else { throw LibvirtError.last(attempt) }
            defer { free(hostname) }
            let model = withUnsafeBytes(of: info.model) { $0.prefix { $0 != 0 } }
            return NodeInformation(
                hostname: String(cString: hostname), memoryBytes: Int(info.memory) * 1024,
                cpus: Int(info.cpus), cpuModel: String(decoding: model, as: UTF8.self),
                megahertz: Int(info.mhz), hypervisor: String(cString: type),
                hypervisorVersion: .init(packed: hypervisorVersion),
                libvirtVersion: .init(packed: libvirtVersion))
        }
    }
}
