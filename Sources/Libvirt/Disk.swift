public import FoundationEssentials

/// A disk of a domain.
public struct Disk: Sendable, Equatable {
    public var source: Source
    /// What the guest calls it, such as `vda`.
    public var target: String
    public var bus = "virtio"
    public var isReadOnly = false
    /// What the guest finds it by under `/dev/disk/by-id`, 20 bytes at most for virtio.
    public var serial: String?
    /// Which is tried first, from 1; nil for the order of the list.
    public var bootOrder: Int?
    /// QEMU's cache mode; `none` keeps a guest's acknowledged writes out of the host's memory.
    public var cache = "none"
    /// Whether the guest's discards free space.
    public var unmapsDiscards = true

    public init(source: Source, target: String) {
        self.source = source
        self.target = target
    }

    /// Where the bytes are.
    public enum Source: Sendable, Equatable {
        case rbd(RBDImage)
        case file(path: String, format: Format)
    }

    /// How a file holds a disk.
    public enum Format: String, Sendable {
        case raw, qcow2
    }
}

/// An image in Ceph, and how QEMU gets at it.
public struct RBDImage: Sendable, Equatable {
    public var pool: String
    public var image: String
    /// Empty where the configuration file names them.
    public var monitors: [Monitor]
    /// Nil for a cluster without authentication.
    public var authentication: Authentication?
    /// A `ceph.conf` on the host, nil for none.
    public var configurationPath: String?

    public init(
        pool: String, image: String, monitors: [Monitor] = [],
        authentication: Authentication? = nil, configurationPath: String? = nil
    ) {
        self.pool = pool
        self.image = image
        self.monitors = monitors
        self.authentication = authentication
        self.configurationPath = configurationPath
    }

    /// A Ceph monitor.
    public struct Monitor: Sendable, Equatable {
        /// A host name or an address, one of IPv6 without brackets.
        public var host: String
        public var port: UInt16

        public init(host: String, port: UInt16) {
            self.host = host
            self.port = port
        }
    }

    /// A Ceph user whose key libvirt was given by `setCephSecret`.
    public struct Authentication: Sendable, Equatable {
        /// Without the `client.`.
        public var user: String
        public var secret: UUID

        public init(user: String, secret: UUID) {
            self.user = user
            self.secret = secret
        }
    }
}
