public import ArgumentParser
import MetaStackManagement
public import MetaStackModel
import MetaStackStore

extension AccessToken.Role: ExpressibleByArgument {}

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Who may use the API, and for what.",
        subcommands: [TokenCreate.self, TokenList.self, TokenRevoke.self])
}

struct TokenCreate: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make a token; its secret is shown once.",
        discussion: """
            A viewer reads, an operator writes what is wanted, too, an admin makes tokens, too. etcd \
            has the secret's digest alone.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "Whose it is, or what for.", transform: resourceName)
    var name: ResourceName

    @Option(help: "What it may do.")
    var role: AccessToken.Role = .viewer

    @Option(
        help: ArgumentHelp(
            "How long it holds, such as 90m or 720h; for ever without.", valueName: "time"),
        transform: WaitOptions.timeout)
    var expires: Duration?

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.loadWithTokens()
        let now = session.now()
        let end = expires.map {
            Timestamp(milliseconds: now.milliseconds + $0.components.seconds * 1000)
        }
        let made = try TokenOrder(name: name, role: role, createdAt: now, expiresAt: end)
            .token(in: cluster)
        // Still true at the write: the id is new.
        _ = try await session.write(
            [.put(.token(made.secret.id), made.token)], if: [.absent(.token(made.secret.id))],
            orElse: .changedMeanwhile("token \(name)"))
        try session.answer(
            .object([
                "id": .string(made.secret.id.text), "name": .string(name.text),
                "role": .string(role.rawValue), "secret": .string(made.secret.text),
            ])
        ) { made.secret.text + "\n" }
    }
}

struct TokenList: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the tokens; secrets are nowhere.")

    @OptionGroup var global: GlobalOptions

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.loadWithTokens()
        let tokens = cluster.tokens.sorted {
            ($0.value.value.name, $0.key) < ($1.value.value.name, $1.key)
        }
        let now = session.now()
        try session.answer(.array(try tokens.map { try JSONValue(id: $0.key.text, $0.value) })) {
            var table = Table(["NAME", "ROLE", "AGE", "EXPIRES", "LAST USED", "ID"])
            for (id, token) in tokens {
                let value = token.value
                table.add([
                    value.name.text, value.role.rawValue, value.createdAt?.age(at: now),
                    value.isExpired(at: now) ? "expired" : value.expiresAt?.description,
                    value.lastUsed?.description, id.text,
                ])
            }
            return table.text
        }
    }
}

struct TokenRevoke: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Refuse a token from now on.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var confirming: ConfirmOptions

    @Argument(help: "The token's name or id.")
    var name: String

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.loadWithTokens()
        let id = try cluster.tokenNames.find(name)
        let word = cluster.tokens[id]?.value.name.text ?? id.text
        try session.requireYes(to: "revoke token \(word)?", confirming)
        // Still true at the write: it is there. Its use may be noted at any time.
        _ = try await session.write(
            [.delete(.token(id))], if: [.exists(.token(id))],
            orElse: .changedMeanwhile("token \(word)"))
        session.confirm("revoked token \(word)")
    }
}
