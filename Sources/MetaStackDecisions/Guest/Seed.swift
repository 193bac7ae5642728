import Foundation
public import MetaStackModel

/// What a guest's cloud-init finds at its first boot (cloud-init's NoCloud): a few files on a small disk.
///
/// The instance id stays for as long as the VM does, through restarts, moves and takeovers, so that
/// cloud-init does its work once: a second VM under the same id is another instance.
public struct Seed: Sendable, Equatable {
    /// What NoCloud looks for among all disks.
    public static let label = "CIDATA"

    /// The files by name.
    public var files: [String: String]

    public init(files: [String: String]) { self.files = files }

    /// What is wanted of a VM's seed.
    public enum Wish: Sendable, Equatable {
        /// It has none and gets none.
        case none
        case seed(Seed)
        /// It cannot be made, for this reason.
        case impossible(String)
    }

    /// Follows the names of keys, and reads user data whole. What the VM's NICs have been given its
    /// claim says.
    ///
    /// - Parameter hasOne: a VM that had a seed once keeps one, though nothing but its name be in it.
    public static func wish(
        of vm: VMID, _ desired: Stored<DesiredVM>, in cluster: Cluster, hasOne: Bool
    ) -> Wish {
        guard let wanted = desired.value.cloudInit ?? (hasOne ? CloudInit() : nil) else {
            return .none
        }
        if let problem = wanted.problems.first { return .impossible(problem.problem) }
        var keys: [String] = []
        for id in wanted.sshKeys {
            guard let key = cluster.sshKeys[id]?.value else {
                return .impossible("there is no ssh-key \(id.text.quotedForPeople)")
            }
            keys.append(key.line)
        }
        var seed = Seed(of: vm, desired, wanted, keys: keys)
        seed.files["network-config"] =
            wanted.networkConfig?.text
            ?? networkConfig(of: cluster.actualVMs[vm]?.value.nics ?? []) {
                cluster.networks[$0]?.value
            }
        return .seed(seed)
    }

    /// What NoCloud asks for, without a network config.
    ///
    /// - Parameter keys: as `authorized_keys` has them.
    init(of vm: VMID, _ desired: Stored<DesiredVM>, _ wanted: CloudInit, keys: [String]) {
        let host = wanted.hostName ?? GuestHostName(of: desired.value.name)
        // JSON is YAML; what stands in quotes is no syntax.
        var lines = [
            "instance-id: \(Self.quoted(Self.instance(vm, desired)))",
            "local-hostname: \(Self.quoted(host.text))",
        ]
        if !keys.isEmpty {
            lines.append("public-keys:")
            lines += keys.map { "  - \(Self.quoted($0))" }
        }
        files = [
            "meta-data": lines.map { $0 + "\n" }.joined(),
            // NoCloud asks for both files.
            "user-data": wanted.userData?.text ?? "#cloud-config\n{}\n",
        ]
    }

    /// The same for as long as the VM is there.
    static func instance(_ vm: VMID, _ desired: Stored<DesiredVM>) -> String {
        "\(vm)-\(desired.createRevision)"
    }

    static func quoted(_ text: String) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        // A text is always JSON.
        return (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }

    /// Tells this content from any other: the same on every node.
    public var fingerprint: String {
        ["high", "low"].map { half in
            var hash = StableHash()
            hash.combine(half)
            for (name, text) in files.sorted(by: { $0.key < $1.key }) {
                hash.combine(name)
                hash.combine(text)
            }
            let digits = String(hash.finalize(), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
