import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct SecurityGroupCreate: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Add a security group.",
        discussion: """
            A NIC with groups gets only what a rule of any of them allows, and answers to what it sent. It may \
            send anything, unless one of its groups has an egress rule.
              metastack security-group create web --rule ingress,protocol=tcp,ports=80 \\
                --rule ingress,protocol=tcp,ports=22,remote=10.0.0.0/8
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "What to call it; no other group may have the name.", transform: resourceName)
    var name: ResourceName

    @Option(
        help: ArgumentHelp(
            """
            ingress or egress, and behind commas protocol= (any, tcp, udp, icmp, icmpv6 or a number), ports= \
            (80 or 8000-8100), and remote= (a prefix) or group=; may be repeated.
            """, valueName: "direction,key=value"), transform: RuleText.init)
    var rule: [RuleText] = []

    @OptionGroup var labels: LabelOptions

    func perform(in session: CommandSession) async throws {
        var fields: [String: JSONValue] = ["name": .string(name.text)]
        if !rule.isEmpty { fields["rules"] = .array(rule.map(\.json)) }
        if !labels.label.isEmpty {
            fields["labels"] = .object(labels.label.dictionary.mapValues { .string($0) })
        }
        let cluster = try await session.access.load(.everything)
        let change = try ResourceChange.create(
            .securityGroup, id: session.newID(), .object(fields), in: cluster, at: session.now())
        let revision = try await session.write(change)
        try session.announce(
            "created security-group \(name) (\(change.id))", id: change.id,
            change.document(at: revision, over: nil))
    }
}
