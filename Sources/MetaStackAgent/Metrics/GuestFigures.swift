public import MetaStackModel

/// What a guest has used since its domain came to be on this host.
public struct GuestFigures: Sendable, Equatable {
    public var vm: VMID
    /// Of its processors together.
    public var cpuTime: Duration
    /// In bytes, as the guest has it now.
    public var memory: Int
    public var nics: [NIC]

    /// What a NIC has carried, as its guest sees it.
    public struct NIC: Sendable, Equatable {
        /// The host's end of it.
        public var interface: InterfaceName
        public var received: Counts
        public var sent: Counts

        public init(interface: InterfaceName, received: Counts, sent: Counts) {
            self.interface = interface
            self.received = received
            self.sent = sent
        }
    }

    public struct Counts: Sendable, Equatable {
        public var bytes: UInt64
        public var packets: UInt64
        public var errors: UInt64
        public var dropped: UInt64

        public init(
            bytes: UInt64 = 0, packets: UInt64 = 0, errors: UInt64 = 0, dropped: UInt64 = 0
        ) {
            self.bytes = bytes
            self.packets = packets
            self.errors = errors
            self.dropped = dropped
        }
    }

    public init(vm: VMID, cpuTime: Duration, memory: Int, nics: [NIC] = []) {
        self.vm = vm
        self.cpuTime = cpuTime
        self.memory = memory
        self.nics = nics
    }
}
