import ArgumentParser
import MetaStackManagement
import MetaStackModel

/// What the guest's cloud-init is told.
struct CloudInitOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "An SSH key that may log in, by its name; may be repeated.", valueName: "name"),
        completion: .names(.sshKey), transform: { try SSHKeyID($0) })
    var sshKey: [SSHKeyID] = []

    @Option(
        name: .customLong("hostname"),
        help: ArgumentHelp("The guest's own name; else the VM's.", valueName: "name"),
        transform: { try GuestHostName($0) })
    var hostName: GuestHostName?

    @Option(
        help: ArgumentHelp(
            """
            A file that says what its cloud-init shall do at the first boot: #cloud-config, a script that \
            begins with #!, or MIME; or - for standard input.
            """, valueName: "file"), completion: .file())
    var userData: String?

    @Option(
        help: ArgumentHelp(
            "A file with its network-config, version 2 (YAML), or - for standard input.",
            valueName: "file"), completion: .file())
    var networkConfig: String?

    func validate() throws {
        guard userData != "-" || networkConfig != "-" else {
            throw ArgumentParser.ValidationError("only one of them can be standard input")
        }
    }

    /// nil where nothing is said; a JSON Merge Patch of the record's field otherwise.
    var patch: JSONValue? {
        get throws {
            var fields: [String: JSONValue] = [:]
            if let hostName { fields["host_name"] = .string(hostName.text) }
            if !sshKey.isEmpty { fields["ssh_keys"] = .array(sshKey.map { .string($0.text) }) }
            if let userData { fields["user_data"] = .string(try FileOptions.text(userData)) }
            if let networkConfig {
                fields["network_config"] = .string(try FileOptions.text(networkConfig))
            }
            return fields.isEmpty ? nil : .object(fields)
        }
    }
}
