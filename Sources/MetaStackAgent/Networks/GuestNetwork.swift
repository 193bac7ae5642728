public import LinuxNetwork
public import MetaStackModel

/// What makes the networks of this host's guests. The kernel in earnest, a fake in tests.
public protocol GuestNetwork: Sendable {
    /// What the host can do.
    func plane() async throws -> HostPlane
    /// Makes the host's networks so, and returns when they are: all of them, every time.
    func converge(_ wanted: HostNetworks) async throws -> GuestNetworkReport
    /// Tells when something that was made may be damaged; ``converge(_:)`` then mends it. For one listener,
    /// which hears of it once at first.
    ///
    /// - Throws: where nobody tells, and one has to look.
    func damage() async throws -> AsyncStream<Void>
    /// Says who answers what guests ask about themselves, before the first networks are made.
    func answerMetadata(with answer: @escaping MetadataAnswering)
}

/// What became of the networks.
public struct GuestNetworkReport: Sendable, Equatable {
    /// What guests' NICs hang on.
    public struct Place: Sendable, Equatable {
        public var bridge: InterfaceName
        /// In bytes.
        public var mtu: Int

        public init(bridge: InterfaceName, mtu: Int) {
            self.bridge = bridge
            self.mtu = mtu
        }
    }

    public var ready: [NetworkID: Place]
    /// Why the others cannot be here.
    public var problems: [NetworkID: String]
    /// Why guests of a network that is here get no answers about themselves.
    public var withoutMetadata: [NetworkID: String]

    /// Whether a later call could do no better.
    var isWell: Bool { problems.isEmpty && withoutMetadata.isEmpty }

    public init(
        ready: [NetworkID: Place] = [:], problems: [NetworkID: String] = [:],
        withoutMetadata: [NetworkID: String] = [:]
    ) {
        self.ready = ready
        self.problems = problems
        self.withoutMetadata = withoutMetadata
    }
}
