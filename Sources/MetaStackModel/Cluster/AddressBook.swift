/// Which addresses are held, by network and by VM.
public struct AddressBook: Sendable, Equatable {
    /// Never with an empty network.
    public private(set) var byNetwork: [NetworkID: [IPAddress: Stored<HeldAddress>]] = [:]
    /// In order; never with an empty list.
    private var byVM: [VMID: [AddressID]] = [:]

    public init() {}

    public subscript(_ id: AddressID) -> Stored<HeldAddress>? {
        get { byNetwork[id.network]?[id.address] }
        set {
            if let old = self[id] { release(id, by: old.value.vm) }
            byNetwork[id.network, default: [:]][id.address] = newValue
            if byNetwork[id.network]?.isEmpty == true { byNetwork[id.network] = nil }
            if let newValue { hold(id, by: newValue.value.vm) }
        }
    }

    private mutating func hold(_ id: AddressID, by vm: VMID) {
        var ids = byVM[vm, default: []]
        ids.insert(id, at: ids.firstIndex { id < $0 } ?? ids.endIndex)
        byVM[vm] = ids
    }

    private mutating func release(_ id: AddressID, by vm: VMID) {
        byVM[vm]?.removeAll { $0 == id }
        if byVM[vm]?.isEmpty == true { byVM[vm] = nil }
    }

    public subscript(network: NetworkID) -> [IPAddress: Stored<HeldAddress>] {
        byNetwork[network] ?? [:]
    }

    /// What a VM holds, by network and address.
    public func held(by vm: VMID) -> [(id: AddressID, held: Stored<HeldAddress>)] {
        (byVM[vm] ?? []).compactMap { id in self[id].map { (id, $0) } }
    }

    /// The VMs that hold any, those that are no more among them.
    public var holders: Set<VMID> { Set(byVM.keys) }

    public var isEmpty: Bool { byNetwork.isEmpty }

    public var all: [AddressID: Stored<HeldAddress>] {
        byNetwork.reduce(into: [:]) { all, entry in
            for (address, held) in entry.value {
                all[AddressID(network: entry.key, address: address)] = held
            }
        }
    }
}
