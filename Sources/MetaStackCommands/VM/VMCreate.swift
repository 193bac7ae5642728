public import ArgumentParser
import MetaStackDecisions
import MetaStackManagement
public import MetaStackModel
import MetaStackStore

extension DesiredVM.RestartPolicy: ExpressibleByArgument {}

struct VMCreate: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Ask for a new VM.",
        discussion: "With a file, what the command line says counts more than what the file says.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var waiting: WaitOptions

    @Argument(help: "What to call it; no other VM may have the name.", transform: resourceName)
    var name: ResourceName?

    @Option(
        name: [.customShort("f"), .long],
        help: ArgumentHelp(
            "YAML or JSON with its desired record, or - for standard input.", valueName: "file"),
        completion: .file())
    var file: String?

    @Option(
        help: ArgumentHelp("Its size: a flavour.", valueName: "name"),
        completion: .names(.flavour))
    var flavour: String?

    @Option(
        help: ArgumentHelp("What its root disk is cloned from: an image.", valueName: "name"),
        completion: .names(.image))
    var image: String?

    @Option(
        help: ArgumentHelp("The one host that may run it.", valueName: "name"),
        completion: .names(.host), transform: { try HostID($0) })
    var host: HostID?

    @Option(
        help: """
            What happens when its guest ends by itself: always starts it again, on-failure only where \
            it crashed (default), never leaves it until vm start.
            """)
    var restart: DesiredVM.RestartPolicy?

    @Option(
        help: ArgumentHelp(
            "A NIC: \(NICText.help); may be repeated. Without any it has one on its node's bridge.",
            valueName: "key=value"), transform: NICText.init)
    var nic: [NICText] = []

    @OptionGroup var placement: PlacementOptions
    @OptionGroup var moves: MoveOptions
    @OptionGroup var cloudInit: CloudInitOptions
    @OptionGroup var labels: LabelOptions

    @Flag(help: "Do not start it yet.")
    var stopped = false

    func validate() throws {
        _ = try waiting.condition(outOf: .running, .claimed)
        guard file == nil, name == nil || flavour == nil || image == nil else { return }
        throw ArgumentParser.ValidationError(
            "name the VM, its --flavour and its --image, or a file with -f")
    }

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let change = try ResourceChange.create(
            .vm, id: session.newID(), try record(in: cluster), in: cluster, at: session.now())
        let (id, name) = (VMID(unchecked: change.id), change.name)
        let desired = try? change.after.map { try ResourceKind.vm.record($0, id: change.id) }
        warnOfAbsentHost((desired as? DesiredVM)?.host, cluster, session)
        // Still true at the write: the id is new, and flavour, image and keys are there. That no other
        // VM takes the name in the same instant cannot be compared; both would then be shown.
        let revision = try await session.write(
            change.writes, if: change.conditions,
            orElse: CommandFailure(
                .conflict,
                "something that vm \(name) names was deleted meanwhile"))
        try session.announce(
            "created vm \(name) (\(id))", id: id.text, change.document(at: revision, over: nil))
        guard waiting.isOn, (desired as? DesiredVM)?.state != .stop else { return }
        let goal = VMGoal(
            try waiting.condition(outOf: .running, .claimed), since: revision)
        try await session.wait(for: "vm \(name)", from: cluster, atMost: waiting.timeout) {
            goal.progress(of: id, in: $0)
        }
        session.confirm("vm \(name) is \(goal.word)")
    }

    /// What the file and the command line say together, flavour and image by their ids.
    private func record(in cluster: Cluster) throws -> JSONValue {
        let document = try file.map { try Self.document($0) }
        guard case .object(var fields) = (document ?? .object([:])).merged(with: try patch) else {
            throw CommandFailure(.usage, "a vm is an object with fields")
        }
        if case .string(let text)? = fields["flavour"] {
            fields["flavour"] = .string(try cluster.flavourNames.find(text).text)
        }
        if case .string(let text)? = fields["image"] {
            fields["image"] = .string(try cluster.imageNames.find(text).text)
        }
        if !nic.isEmpty { fields["nics"] = .array(try nic.map { try $0.json(in: cluster) }) }
        if case .array(let nics)? = fields["nics"] {
            fields["nics"] = .array(
                try nics.map { nic in
                    guard case .object(let fields) = nic else { return nic }
                    return try NICText.byIDs(fields, in: cluster)
                })
        }
        return .object(fields)
    }

    private static func document(_ file: String) throws -> JSONValue {
        let values = try YAMLDocuments.read(try FileOptions.text(file), file: file)
        guard values.count == 1, case .object(var fields)? = values.first else {
            throw CommandFailure(.usage, "\(file): it must be one document, use apply for several")
        }
        guard [nil, .string("vm")].contains(fields.removeValue(forKey: "kind")) else {
            throw CommandFailure(.usage, "\(file): it is no vm, use apply")
        }
        return .object(fields)
    }

    /// What the command line says, as a JSON Merge Patch: only what differs from the defaults.
    private var patch: JSONValue {
        get throws {
            let said = DesiredVM(
                name: name ?? ResourceName(unchecked: ""), flavour: flavour ?? "",
                image: image ?? "", state: stopped ? .stop : .start, host: host,
                restart: restart ?? .onFailure, placement: try placement.wishes,
                moves: moves.wishes, labels: labels.label.dictionary)
            guard case .object(var fields) = try JSONValue(said) else { return .null }
            for name in ["name", "flavour", "image"] where fields[name] == .string("") {
                fields[name] = nil
            }
            if !stopped { fields["state"] = nil }
            if let cloudInit = try cloudInit.patch { fields["cloud_init"] = cloudInit }
            if let restart { fields["restart_policy"] = .string(restart.rawValue) }
            return .object(fields)
        }
    }

    private func warnOfAbsentHost(
        _ host: HostID?, _ cluster: Cluster, _ session: CommandSession
    ) {
        guard let host, cluster.hosts[host] == nil else { return }
        let near = cluster.hosts.keys.map(\.text).nearest(to: host.text)
        session.warn(
            "host \(host) is not live, the VM stays pending until it is"
                + (near.map { " (did you mean \($0)?)" } ?? ""))
    }
}

/// Reads a name from the command line.
func resourceName(_ text: String) throws -> ResourceName { try ResourceName(text) }
