public import ArgumentParser
import MetaStackDecisions
import MetaStackManagement
public import MetaStackModel
import MetaStackStore

extension DesiredVM.RestartPolicy: ExpressibleByArgument {}

struct VMCreate: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Ask for a new VM.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var waiting: WaitOptions

    @Argument(help: "What to call it; no other VM may have the name.", transform: resourceName)
    var name: ResourceName

    @Option(help: ArgumentHelp("Its size: a flavour.", valueName: "name"))
    var flavour: String

    @Option(help: ArgumentHelp("What its root disk is cloned from: an image.", valueName: "name"))
    var image: String

    @Option(
        help: ArgumentHelp("The one host that may run it.", valueName: "name"),
        transform: { try HostID($0) })
    var host: HostID?

    @Option(
        help: """
            What happens when its guest ends by itself: always starts it again, on-failure only where \
            it crashed, never leaves it until vm start.
            """)
    var restart: DesiredVM.RestartPolicy = .onFailure

    @OptionGroup var placement: PlacementOptions
    @OptionGroup var moves: MoveOptions

    @Flag(help: "Do not start it yet.")
    var stopped = false

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load()
        try cluster.vmNames.requireFree(name)
        let flavourID = try cluster.flavourNames.find(flavour)
        let imageID = try cluster.imageNames.find(image)
        let id = try VMID(session.newID())
        var desired = DesiredVM(
            name: name, flavour: flavourID.text, image: imageID.text,
            state: stopped ? .stop : .start, host: host, restart: restart,
            placement: try placement.wishes, moves: moves.wishes)
        desired.createdAt = session.now()
        warnOfAbsentHost(cluster, session)
        // Still true at the write: the id is new, and flavour and image are there. That no other
        // VM takes the name in the same instant cannot be compared; both would then be shown.
        let revision = try await session.write(
            [.put(.desiredVM(id), desired)],
            if: [
                .absent(.desiredVM(id)), .exists(.flavour(flavourID)), .exists(.image(imageID)),
            ],
            orElse: CommandFailure(
                .conflict, "flavour \(flavour) or image \(image) was deleted meanwhile"))
        let stored = Stored(desired, revision: revision, createRevision: revision)
        try session.announce(
            "created vm \(name) (\(id))", id: id.text, try JSONValue(id: id.text, stored))
        guard waiting.wait, !stopped else { return }
        try await session.wait(for: "vm \(name)", from: cluster, atMost: waiting.timeout) {
            VMGoal.running(since: revision).progress(of: id, in: $0)
        }
        session.confirm("vm \(name) is running")
    }

    private func warnOfAbsentHost(_ cluster: Cluster, _ session: CommandSession) {
        guard let host, cluster.hosts[host] == nil else { return }
        let near = cluster.hosts.keys.map(\.text).nearest(to: host.text)
        session.warn(
            "host \(host) is not live, the VM stays pending until it is"
                + (near.map { " (did you mean \($0)?)" } ?? ""))
    }
}

/// Reads a name from the command line.
func resourceName(_ text: String) throws -> ResourceName { try ResourceName(text) }
