import CLibvirt
public import FoundationEssentials

/// What a domain is doing and what it holds, at one instant.
public struct DomainStatistics: Sendable, Equatable {
    public let uuid: UUID
    public let name: String
    public let state: DomainState
    /// What the guest has now (less than the maximum where a balloon took some), in bytes.
    public let memoryBytes: Int
    public let maximumMemoryBytes: Int
    public let vcpus: Int
    /// Processor time used since the domain started.
    public let cpuTime: Duration
    /// In the order of its network cards; empty where one domain alone was asked about.
    public let nics: [NICStatistics]

    init(_ identity: DomainIdentity, _ state: DomainState, _ info: virDomainInfo) {
        uuid = identity.uuid
        name = identity.name
        self.state = state
        memoryBytes = Int(info.memory) * 1024
        maximumMemoryBytes = Int(info.maxMem) * 1024
        vcpus = Int(info.nrVirtCpu)
        cpuTime = .nanoseconds(Int64(clamping: info.cpuTime))
        nics = []
    }

    /// Reads one record of `virConnectGetAllDomainStats`; sizes in it are KiB, times nanoseconds.
    init?(_ record: virDomainStatsRecord) {
        guard let pointer = record.dom, let identity = DomainIdentity(pointer) else { return nil }
        let parameters = TypedParameters(record)
        uuid = identity.uuid
        name = identity.name
        state = DomainState(
            state: parameters.int("state.state") ?? -1, reason: parameters.int("state.reason") ?? 0)
        maximumMemoryBytes = Int(parameters.unsignedLong("balloon.maximum") ?? 0) * 1024
        memoryBytes =
            parameters.unsignedLong("balloon.current").map { Int($0) * 1024 } ?? maximumMemoryBytes
        vcpus = Int(parameters.unsigned("vcpu.current") ?? parameters.unsigned("vcpu.maximum") ?? 0)
        cpuTime = .nanoseconds(Int64(clamping: parameters.unsignedLong("cpu.time") ?? 0))
        nics = (0..<(parameters.unsigned("net.count") ?? 0)).compactMap {
            NICStatistics("net.\($0)", parameters)
        }
    }
}

/// Reads values out of a libvirt parameter list by name and type.
struct TypedParameters {
    private let list: virTypedParameterPtr?
    private let count: Int32

    init(_ record: virDomainStatsRecord) {
        list = record.params
        count = record.nparams
    }

    func int(_ name: String) -> Int32? {
        var value: Int32 = 0
        return virTypedParamsGetInt(list, count, name, &value) == 1 ? value : nil
    }

    func unsigned(_ name: String) -> UInt32? {
        var value: UInt32 = 0
        return virTypedParamsGetUInt(list, count, name, &value) == 1 ? value : nil
    }

    func unsignedLong(_ name: String) -> UInt64? {
        var value: UInt64 = 0
        return virTypedParamsGetULLong(list, count, name, &value) == 1 ? value : nil
    }

    func string(_ name: String) -> String? {
        var value: UnsafePointer<CChar>?
        guard virTypedParamsGetString(list, count, name, &value) == 1 else { return nil }
        return value.map { String(cString: $0) }
    }
}
