import MetaStackManagement
import MetaStackModel

/// Something that somebody should look at, and where: `finding.mustache`.
struct FindingView: Sendable, Equatable {
    let tone: String
    let weight: String
    let text: String
    let href: String?
    let remedy: String?

    init(_ finding: Finding) {
        tone = (finding.weight == .problem ? Tone.bad : .busy).rawValue
        weight = finding.weight == .problem ? "Problem" : "Notice"
        text = finding.text.printable
        remedy = finding.remedy?.printable
        href = Self.href(finding)
    }

    /// The page of what it is about; the list where that is more than one.
    private static func href(_ finding: Finding) -> String? {
        let only = finding.ids.count == 1 ? finding.ids.first : nil
        switch finding.kind {
        case .vm: return only.map { "/vms/\($0.pathSegment)" } ?? "/vms"
        case .host: return only.map { "/hosts/\($0.pathSegment)" } ?? "/hosts"
        case .image: return "/images"
        case .flavour: return "/flavours"
        case .config: return only.map { "/config/\($0.pathSegment)" } ?? "/config"
        case .network: return only.map { "/networks/\($0.pathSegment)" } ?? "/networks"
        case .securityGroup:
            return only.map { "/security-groups/\($0.pathSegment)" } ?? "/security-groups"
        case .sshKey: return "/ssh-keys"
        case nil, .volume, .address: return nil
        }
    }
}
