import Foundation
import MetaStackManagement
import MetaStackModel

/// The NICs and the cloud-init of a VM in its form.
struct VMNetworkFields {
    let known: DesiredVM?
    let cluster: Cluster

    /// What stands in the field for a VM without NICs.
    private static let none = "none"

    private var nics: String {
        guard let known, known.nics != DesiredNIC.one else { return "" }
        return known.nics.isEmpty
            ? Self.none
            : known.nics.map { NICText.text($0, in: cluster) }.joined(separator: "\n")
    }

    var fields: [FormView.Field] {
        let cloudInit = known?.cloudInit
        return [
            FormView.Field(
                name: "nics", label: "NICs", value: nics,
                hint:
                    "One a line, such as network=blue,address=10.7.0.5,group=web; - is one on the "
                    + "node's bridge, which it has where nothing stands here.", isLong: true),
            FormView.Field(
                name: "cloud_init.ssh_keys", label: "SSH keys",
                value: (cloudInit?.sshKeys ?? []).map(\.text).joined(separator: ", "),
                hint: "Who may log in, by names: "
                    + (cluster.sshKeys.isEmpty
                        ? "there are none yet."
                        : cluster.sshKeys.keys.map(\.text).sorted().prefix(20)
                            .joined(separator: ", ") + ".")),
            FormView.Field(
                name: "cloud_init.host_name", label: "Host name",
                value: cloudInit?.hostName?.text ?? "", hint: "Else the VM's name."),
            FormView.Field(
                name: "cloud_init.user_data", label: "User data",
                value: cloudInit?.userData?.text ?? "",
                hint: "What cloud-init does at the first boot: #cloud-config, a script or MIME.",
                isLong: true),
        ]
    }

    /// What was typed, as fields of a merge patch of the record; what nobody changed is not among them.
    ///
    /// - Throws: `Problem` with the field that is to blame.
    func patch(_ typed: [String: String]) throws -> [String: JSONValue] {
        var patch: [String: JSONValue] = [:]
        if let text = typed["nics"], LineText.lines(text) != LineText.lines(nics) {
            patch["nics"] = try nicPatch(text)
        }
        var cloudInit: [String: JSONValue] = [:]
        for field in fields where field.name.hasPrefix("cloud_init.") {
            guard let text = typed[field.name].map(Self.unixLines), text != field.value else {
                continue
            }
            let name = String(field.name.dropFirst("cloud_init.".count))
            let isText = !text.trimmed.isEmpty
            cloudInit[name] =
                name == "ssh_keys"
                ? LineText.words(text)
                : isText ? .string(name == "user_data" ? text : text.trimmed) : .null
        }
        let saysNothing = cloudInit.values.allSatisfy { $0 == .null }
        if !cloudInit.isEmpty, known?.cloudInit != nil || !saysNothing {
            patch["cloud_init"] = .object(cloudInit)
        }
        return patch
    }

    private func nicPatch(_ text: String) throws -> JSONValue {
        guard LineText.lines(text) != [Self.none] else { return .array([]) }
        return try LineText.patch("nics", text) { line throws(MetaStackModel.ValidationError) in
            let nic = try NICText(line)
            do {
                return try nic.json(in: cluster)
            } catch {
                let problem = (error as? CommandFailure)?.description ?? "\(error)"
                throw MetaStackModel.ValidationError(subject: "NIC", found: line, problem: problem)
            }
        }
    }

    /// Forms end lines as HTTP does; a script in a guest must not.
    private static func unixLines(_ text: String) -> String { text.replacing("\r\n", with: "\n") }
}
