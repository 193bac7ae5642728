/// An address that a VM's NIC has: `addresses/<network_id>/<address>`, from its first claim until the
/// VM is deleted. Written by nodes only.
public struct HeldAddress: Record {
    public var vm: VMID
    /// Tells the VM from a later one under the same id.
    public var vmCreateRevision: Revision
    /// Which of the VM's NICs, from 0.
    public var nic: Int
    public var mac: MACAddress
    public var since: Timestamp
    public var rest: [String: JSONValue]

    public init(
        vm: VMID, vmCreateRevision: Revision, nic: Int, mac: MACAddress, since: Timestamp,
        rest: [String: JSONValue] = [:]
    ) {
        self.vm = vm
        self.vmCreateRevision = vmCreateRevision
        self.nic = nic
        self.mac = mac
        self.since = since
        self.rest = rest
    }

    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        vm = try fields.required("vm")
        vmCreateRevision = try fields.required("vm_create_revision")
        nic = try fields.optional("nic", default: 0)
        mac = try fields.required("mac")
        since = try fields.optional("since", default: Timestamp(milliseconds: 0))
        rest = try fields.rest()
        guard (0..<DesiredNIC.maximumPerVM).contains(nic) else {
            throw ValidationError(
                subject: "nic", found: "\(nic)",
                problem: "it must be between 0 and \(DesiredNIC.maximumPerVM - 1)")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: rest)
        try fields.put("vm", vm)
        try fields.put("vm_create_revision", vmCreateRevision)
        try fields.put("nic", nic)
        try fields.put("mac", mac)
        try fields.put("since", since)
    }
}

/// An address in its network: two networks may have the same ones.
public struct AddressID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let network: NetworkID
    public let address: IPAddress

    public init(network: NetworkID, address: IPAddress) {
        self.network = network
        self.address = address
    }

    /// Reads `network/address`, the address in the one way in which it is written.
    ///
    /// - Throws: `ValidationError`.
    public init(network: String, address: String) throws(ValidationError) {
        let found = try IPAddress(address)
        guard found.description == address else {
            throw ValidationError(
                subject: "address", found: address, problem: "write it as \(found)")
        }
        self.init(network: try NetworkID(network), address: found)
    }

    public var description: String { "\(network)/\(address)" }

    public static func < (left: Self, right: Self) -> Bool {
        (left.network, left.address) < (right.network, right.address)
    }
}
