import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct SecurityRuleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rule", abstract: "A security group's rules.",
        subcommands: [SecurityRuleAdd.self, SecurityRuleRemove.self])
}

struct SecurityRuleAdd: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Allow something more.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The group's name or id.", completion: .names(.securityGroup))
    var name: String

    @Argument(
        help: "As with create --rule, such as ingress,protocol=tcp,ports=443.",
        transform: RuleText.init)
    var rule: [RuleText]

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let id = try cluster.securityGroupNames.find(name)
        let rules = try cluster.rules(of: id) + rule.map(\.json)
        try await session.change(id, rules, in: cluster)
    }
}

struct SecurityRuleRemove: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Allow something no more.",
        discussion: "Connections that are open already stay; no new ones are let in by it.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The group's name or id.", completion: .names(.securityGroup))
    var name: String

    @Argument(help: "The rule's number, as security-group show has it; several count as shown.")
    var number: [Int]

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let id = try cluster.securityGroupNames.find(name)
        let rules = try cluster.rules(of: id)
        for number in number where !(1...max(rules.count, 1)).contains(number) || rules.isEmpty {
            throw CommandFailure(
                .usage,
                "security-group \(name) has \(rules.count) rules, there is no rule \(number)")
        }
        let left = rules.enumerated().filter { !number.contains($0.offset + 1) }.map(\.element)
        try await session.change(id, left, in: cluster)
    }
}

extension Cluster {
    fileprivate func rules(of id: SecurityGroupID) throws -> [JSONValue] {
        guard let group = securityGroups[id]?.value else {
            throw CommandFailure(.failed, "security-group \(id) cannot be read")
        }
        return try group.rules.map { try JSONValue($0) }
    }
}

extension CommandSession {
    fileprivate func change(
        _ id: SecurityGroupID, _ rules: [JSONValue], in cluster: Cluster
    ) async throws {
        let patch = JSONValue.object(["rules": rules.isEmpty ? .null : .array(rules)])
        try await write(patch, of: .securityGroup, id.text, in: cluster)
    }

    /// Writes a change of a desired record, and says what became of it.
    func write(
        _ patch: JSONValue, of kind: ResourceKind, _ id: String, in cluster: Cluster
    ) async throws {
        let change = try ResourceChange.patch(kind, id: id, patch, in: cluster, at: now())
        let stored = cluster.desiredRecord(kind, id)
        guard change.isNeeded else {
            return try report(
                "\(change.words) is so already", id: id,
                change.document(at: stored?.revision ?? cluster.revision, over: stored))
        }
        let revision = try await write(change)
        try report(
            "\(change.words) is changed", id: id, change.document(at: revision, over: stored))
    }
}
