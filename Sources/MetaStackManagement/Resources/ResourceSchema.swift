import MetaStackModel

extension ResourceKind {
    /// The fields of the record that says what is wanted. Those of a setting depend on its name.
    package var fields: [ResourceField] {
        switch self {
        case .vm: Self.vmFields
        case .image: Self.imageFields
        case .flavour: Self.flavourFields
        case .host: Self.hostFields
        case .sshKey: Self.sshKeyFields
        case .network: Self.networkFields
        case .securityGroup: Self.securityGroupFields
        case .volume, .address, .config: []
        }
    }

    /// Whether fields may stand in it that are not among ``fields``.
    package var isOpen: Bool { self == .config }

    static let labels = ResourceField("labels", .labels, "by which people pick it out")

    private static let vmFields: [ResourceField] = [
        ResourceField("name", .name, required: true, "what people call it"),
        ResourceField("flavour", .name, required: true, "its size, by name or id"),
        ResourceField(
            "image", .name, required: true, "what its root disk is cloned from, by name or id"),
        ResourceField("state", .choice(["start", "stop"]), "whether it shall run"),
        ResourceField("host", .name, "the one host that may run it"),
        ResourceField(
            "nics", .list(.object(nicFields), most: DesiredNIC.maximumPerVM),
            "its network interfaces"),
        ResourceField(
            "restart_policy", .choice(DesiredVM.RestartPolicy.allCases.map(\.rawValue)),
            "what happens when its guest ends by itself"),
        ResourceField(
            "priority",
            .integer(PlacementWishes.priorities), "who gets a host first: the higher number"),
        ResourceField("required_labels", .labels, "labels that its host must have"),
        ResourceField("preferred_labels", .labels, "labels that its host had better have"),
        ResourceField(
            "groups", .groups(PlacementWishes.Affinity.allCases.map(\.rawValue)),
            "the groups that it belongs to, and whom the others are to it"),
        ResourceField(
            "move",
            .object([
                ResourceField("id", .text, required: true, "tells this order from others"),
                ResourceField("from", .name, required: true, "the host that it leaves"),
                ResourceField("to", .name, "the host that it goes to; else the best"),
                ResourceField("offline", .boolean, "whether its guest is shut down for it"),
            ]), "an order to go to another host"),
        ResourceField(
            "offline_moves", .boolean,
            "whether its guest may be shut down to leave a host in maintenance"),
        ResourceField(
            "goes_back", .boolean, "whether it goes back to a host that it left for maintenance"),
        ResourceField(
            "cloud_init",
            .object([
                ResourceField("host_name", .hostName, "else the VM's name"),
                ResourceField(
                    "ssh_keys", .list(.name, most: CloudInit.mostKeys), "who may log in, by name"),
                ResourceField(
                    "user_data",
                    .document(most: UserData.maximumBytes),
                    "what the guest does at its first boot: cloud-config, a script or MIME"),
                ResourceField(
                    "network_config",
                    .document(most: NetworkConfig.maximumBytes),
                    "how it sets up its network: network-config version 2"),
            ]), "what its guest's cloud-init is told; without it there is no seed"),
        labels,
        ResourceField("created_at", .time, "when management wrote it first"),
    ]

    private static let imageFields: [ResourceField] = [
        ResourceField("name", .name, required: true, "what people call it"),
        ResourceField("url", .url, required: true, "where nodes fetch it"),
        ResourceField("format", .choice(["raw", "qcow2"]), "else it is found out"),
        ResourceField("checksum", .checksum, "of the file as it is fetched"),
        labels,
    ]

    private static let flavourFields: [ResourceField] = [
        ResourceField("name", .name, required: true, "what people call it"),
        ResourceField(
            "vcpus", .integer(1...Flavour.maximumVCPUs), required: true, "virtual processors"),
        ResourceField("ram", .size, required: true, "memory"),
        ResourceField("disk", .size, "the root disk; else as large as the image"),
        labels,
    ]

    private static let sshKeyFields: [ResourceField] = [
        ResourceField("public_key", .publicKey, required: true, "type and base64"),
        ResourceField("comment", .text, "else what stands behind the key"),
        labels,
    ]

    private static let hostFields: [ResourceField] = [
        ResourceField("state", .choice(["ready", "maintenance"]), "whether it takes VMs"),
        ResourceField("reason", .text, "why it is in maintenance"),
        ResourceField("since", .time, "since when it is in maintenance; noted by itself"),
        ResourceField("by", .text, "who sent it into maintenance; noted by itself"),
        ResourceField("labels", .labels, "on top of those of its own configuration"),
        ResourceField("vcpu_overcommit", .number(0.1...64), "virtual processors to a real one"),
        ResourceField("ram_overcommit", .number(0.1...64), "memory promised for what there is"),
    ]
}
