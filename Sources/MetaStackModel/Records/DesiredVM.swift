/// What somebody wants of one VM: `desired_vms/<vm_id>`. Written by management only.
public struct DesiredVM: Record {
    /// Whether the VM shall run.
    public enum State: String, Codable, Sendable {
        case start
        case stop
    }

    /// What happens when the guest ends by itself.
    public enum RestartPolicy: String, Codable, Sendable, CaseIterable {
        /// It starts again, also where it shut itself down.
        case always
        /// It starts again where it crashed; where it shut itself down it stays so until asked.
        case onFailure = "on-failure"
        /// It stays as it is until asked.
        case never
    }

    /// What people call the VM.
    public var name: ResourceName
    /// A flavour's id or name.
    public var flavour: String
    /// An image's id or name.
    public var image: String
    public var state: State
    /// The one host it may run on; nil for any.
    @Rare public var host: HostID?
    /// Its NICs in order; one on the node's bridge where the record says nothing.
    public var nics: [DesiredNIC]
    public var restart: RestartPolicy
    public var placement: PlacementWishes
    public var moves: MoveWishes
    /// What its guest's cloud-init is told; nil for a guest without a seed.
    public var cloudInit: CloudInit?
    /// By which people pick it out.
    public var labels: [String: String]
    public var rest: [String: JSONValue]

    public init(
        name: ResourceName, flavour: String, image: String, state: State, host: HostID? = nil,
        nics: [DesiredNIC] = DesiredNIC.one, restart: RestartPolicy = .onFailure,
        placement: PlacementWishes = PlacementWishes(), moves: MoveWishes = MoveWishes(),
        cloudInit: CloudInit? = nil, labels: [String: String] = [:], rest: [String: JSONValue] = [:]
    ) {
        self.name = name
        self.flavour = flavour
        self.image = image
        self.state = state
        self.host = host
        self.nics = nics
        self.restart = restart
        self.placement = placement
        self.moves = moves
        self.cloudInit = cloudInit
        self.labels = labels
        self.rest = rest
    }

    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        name = try fields.required("name")
        flavour = try fields.required("flavour")
        image = try fields.required("image")
        state = try fields.optional("state", default: .start)
        host = try fields.optional("host")
        nics = try fields.nics()
        restart = try fields.optional("restart_policy", default: .onFailure)
        placement = try PlacementWishes(&fields)
        moves = try MoveWishes(&fields)
        cloudInit = try fields.optional("cloud_init")
        labels = try fields.labels()
        rest = try fields.rest()
        guard nics.count <= DesiredNIC.maximumPerVM else {
            throw ValidationError(
                subject: "nics", found: "\(nics.count) NICs",
                problem: "a VM has at most \(DesiredNIC.maximumPerVM)")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: rest)
        try fields.put("name", name)
        try fields.put("flavour", flavour)
        try fields.put("image", image)
        try fields.put("state", state)
        try fields.put("host", host)
        if nics != DesiredNIC.one { try fields.put("nics", nics) }
        if restart != .onFailure { try fields.put("restart_policy", restart) }
        try placement.write(to: &fields)
        try moves.write(to: &fields)
        try fields.put("cloud_init", cloudInit)
        if !labels.isEmpty { try fields.put("labels", labels) }
    }
}
