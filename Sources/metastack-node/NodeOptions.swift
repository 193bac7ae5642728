import ArgumentParser
import Foundation
import MetaStackModel

/// Where the configuration is: what all subcommands have in common.
struct NodeOptions: ParsableArguments {
    @Option(help: "The configuration file (YAML).")
    var config = "/etc/metastack/node.yaml"

    /// - Throws: `ValidationError` where there is no such file, `ConfigurationError` where it is wrong.
    func read() throws -> NodeConfiguration {
        let yaml: String
        do {
            yaml = try String(contentsOfFile: config, encoding: .utf8)
        } catch {
            throw ValidationError(
                "cannot read the configuration \(config): \(error.localizedDescription)")
        }
        return try NodeConfiguration(
            yaml: yaml, file: config, environment: ProcessInfo.processInfo.environment,
            hostName: ProcessInfo.processInfo.hostName)
    }
}
