import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct SSHKeyCreate: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Add a public key under a name.",
        discussion: "VMs name it: vm create --ssh-key. A guest is given it at its start.")

    @OptionGroup var global: GlobalOptions

    @Argument(
        help: "What to call it; no other key may have the name.", transform: { try SSHKeyID($0) })
    var name: SSHKeyID

    @Argument(
        help: "The .pub file, or - for standard input.", completion: .file(extensions: ["pub"]))
    var file: String?

    @Option(help: ArgumentHelp("The key itself, in place of a file.", valueName: "type base64"))
    var publicKey: String?

    @Option(help: ArgumentHelp("Else what stands behind the key.", valueName: "text"))
    var comment: String?

    @OptionGroup var labels: LabelOptions

    func validate() throws {
        guard (file == nil) != (publicKey == nil) else {
            throw ArgumentParser.ValidationError("name the .pub file, or give --public-key")
        }
    }

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        let change = try ResourceChange.create(
            .sshKey, id: name.text, try record, in: cluster, at: session.now())
        let revision = try await session.write(change)
        try session.announce(
            "created ssh-key \(name)", id: name.text, change.document(at: revision, over: nil))
    }

    private var record: JSONValue {
        get throws {
            var fields: [String: JSONValue] = [
                "public_key": .string(try publicKey ?? file.map { try FileOptions.text($0) } ?? "")
            ]
            if let comment { fields["comment"] = .string(comment) }
            if !labels.label.isEmpty {
                fields["labels"] = .object(labels.label.dictionary.mapValues { .string($0) })
            }
            return .object(fields)
        }
    }
}
