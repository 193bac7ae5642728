import ArgumentParser
import Curl
import Foundation
import MetaStackManagement
import MetaStackModel

struct LoginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login", abstract: "Work through a 'metastack serve' from now on.",
        discussion: """
            The token is asked for, or read from standard input, and kept in ~/.config/metastack/login.yaml, \
            which only you may read. From then on all commands of yours go there, unless --config, \
            --endpoints, --server or the environment says otherwise.
            """)

    @Argument(help: ArgumentHelp("Such as https://metastack.example:8443.", valueName: "url"))
    var url: String

    @Option(
        help: ArgumentHelp("The authorities that sign its certificate.", valueName: "file"),
        completion: .file())
    var ca: String?

    func run() async throws {
        let screen = Screen.standard()
        var environment = ProcessInfo.processInfo.environment
        guard let file = LoginFile(environment) else {
            throw CommandFailure(.usage, "there is no HOME to keep the token in")
        }
        environment = environment.filter { !$0.key.hasPrefix("METASTACK_SERVER_") }
        var flags = [
            ConfigurationFlag(key: "server.url", flag: "the URL", value: url),
            ConfigurationFlag(
                key: "server.token", flag: "the token", value: try secret(screen)),
        ]
        if let ca {
            flags.append(
                ConfigurationFlag(
                    key: "server.ca", flag: "--ca", value: URL(filePath: ca).standardized.path))
        }
        let configuration = try ManagementConfiguration(
            yaml: "", file: file.path, environment: environment, flags: flags)
        guard let server = configuration.server else { return }
        if server.isOpen {
            screen.errors("metastack: \(server.url) is not encrypted: others can read the token\n")
        }
        let curl = try Curl(name: "api")
        let who = try await Self.holder(of: server, curl)
        await curl.shutdown()
        try file.write(server)
        screen.output("logged in to \(server.url) as \(who.name) (\(who.role))\n")
    }

    private struct Holder: Decodable {
        let name: String
        let role: String
    }

    private static func holder(of server: ServerSettings, _ curl: Curl) async throws -> Holder {
        let answer = try await RemoteAPI(server, curl: curl).get("/api/v1/whoami")
        do {
            return try JSONDecoder().decode(Holder.self, from: answer)
        } catch {
            throw CommandFailure(
                .failed, "\(server.url) is no metastack: it does not say who this is")
        }
    }

    /// - Throws: `CommandFailure` where nothing is typed or piped in.
    private func secret(_ screen: Screen) throws -> String {
        if screen.question != nil { screen.errors("Token: ") }
        let line = HiddenLine.read()
        if screen.question != nil { screen.errors("\n") }
        guard let secret = line?.trimmingCharacters(in: .whitespaces), !secret.isEmpty else {
            throw CommandFailure(
                .usage,
                "no token was given; 'metastack token create NAME' on a host of etcd makes one")
        }
        return secret
    }
}

struct LogoutCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logout", abstract: "Forget the server and the token of 'metastack login'.")

    func run() throws {
        let isRemoved = try LoginFile()?.remove() ?? false
        Screen.standard().output(isRemoved ? "logged out\n" : "you were not logged in\n")
    }
}
