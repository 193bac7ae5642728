/// A size that VMs come in: `vm_flavours/<flavour_id>`. Written by management only.
public struct Flavour: Record {
    public static let maximumVCPUs = 1024

    public var name: ResourceName
    /// Virtual processors, from 1 to ``maximumVCPUs``.
    public var vcpus: Int
    /// Memory, at least 1 MiB.
    public var ram: Mebibytes
    /// The root disk's size; nil leaves it as large as the image.
    public var disk: Mebibytes?
    /// By which people pick it out.
    public var labels: [String: String]
    public var rest: [String: JSONValue]

    /// - Throws: `ValidationError` where no guest could have such a size.
    public init(
        name: ResourceName, vcpus: Int, ram: Mebibytes, disk: Mebibytes? = nil,
        labels: [String: String] = [:], rest: [String: JSONValue] = [:]
    ) throws(ValidationError) {
        self.name = name
        self.vcpus = vcpus
        self.ram = ram
        self.disk = disk
        self.labels = labels
        self.rest = rest
        try check()
    }

    private func check() throws(ValidationError) {
        guard (1...Self.maximumVCPUs).contains(vcpus) else {
            throw ValidationError(
                subject: "vcpus", found: "\(vcpus)",
                problem: "it must be between 1 and \(Self.maximumVCPUs)")
        }
        guard ram.count >= 1 else {
            throw ValidationError(
                subject: "ram", found: "\(ram)", problem: "a guest needs at least 1 MiB")
        }
    }

    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        name = try fields.required("name")
        vcpus = try fields.required("vcpus")
        ram = try fields.required("ram")
        disk = try fields.optional("disk")
        labels = try fields.labels()
        rest = try fields.rest()
        try check()
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: rest)
        try fields.put("name", name)
        try fields.put("vcpus", vcpus)
        try fields.put("ram", ram)
        try fields.put("disk", disk)
        if !labels.isEmpty { try fields.put("labels", labels) }
    }
}
