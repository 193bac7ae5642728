package import MetaStackModel

extension Cluster {
    /// What is wrong, as far as the records tell, the worst first.
    ///
    /// - Parameter vms: the state of each VM, where the caller knows it already.
    package func findings(_ vms: [(vm: VMOverview, status: VMStatus)]? = nil) -> [Finding] {
        let all =
            malformedFindings + hostFindings + takeoverFindings + imageFindings
            + vmFindings(vms ?? vmStatuses())
        return all.filter { $0.weight == .problem } + all.filter { $0.weight == .notice }
    }

    /// Every VM and its state, by name.
    package func vmStatuses() -> [(vm: VMOverview, status: VMStatus)] {
        lazy var reasons = PendingReasons(self)
        return VMOverview.all(in: self).map { vm in
            (vm, VMStatus(vm, pending: reasons))
        }
    }

    // MARK: VMs

    /// VMs that are in one state for one reason are one finding: a dead host has many of them.
    func vmFindings(_ vms: [(vm: VMOverview, status: VMStatus)]) -> [Finding] {
        struct Reason: Hashable {
            let word: VMStatus.Word
            let message: String?
        }
        var groups: [Reason: [VMOverview]] = [:]
        var order: [Reason] = []
        for (vm, status) in vms where Self.isFinding(vm, status) {
            let reason = Reason(word: status.word, message: status.message)
            if groups[reason] == nil { order.append(reason) }
            groups[reason, default: []].append(vm)
        }
        return order.compactMap { reason in
            guard let vms = groups[reason], let first = vms.first else { return nil }
            let message = reason.message.map { ": \($0)" } ?? ""
            return Finding(
                reason.word.isWrong ? .problem : .notice, .vm, ids: vms.map(\.id.text),
                Self.subject(vms.map(\.name)) + reason.word.rawValue + message,
                remedy: Self.remedy(reason.word, first))
        }
    }

    private static func isFinding(_ vm: VMOverview, _ status: VMStatus) -> Bool {
        switch status.word {
        case .failed, .paused: true
        case .pending, .running: status.message != nil
        case .stopped: vm.desired?.value.state == .start
        case .suspended: true
        // Those that cannot be read are told with their records.
        case .claimed, .starting, .migrating, .stopping, .deleting, .malformed: false
        }
    }

    private static func subject(_ names: [String]) -> String {
        guard names.count > 1 else { return "vm \(names.first ?? "") is " }
        let shown = names.prefix(3).joined(separator: ", ")
        let more = names.count > 3 ? " and \(names.count - 3) more" : ""
        return "\(names.count) vms (\(shown)\(more)) are "
    }

    private static func remedy(_ word: VMStatus.Word, _ vm: VMOverview) -> String {
        switch word {
        case .pending: "metastack explain \(vm.name)"
        case .failed, .stopped: "metastack vm start \(vm.name)"
        case .claimed, .starting, .running, .migrating, .paused, .suspended, .stopping, .deleting,
            .malformed:
            "metastack vm show \(vm.name)"
        }
    }

    // MARK: Hosts and takeovers

    var hostFindings: [Finding] {
        guard !hosts.isEmpty else {
            return [
                Finding(
                    .problem, .host, "no hosts are live", remedy: "start metastack-node on a host")
            ]
        }
        return hostNames.known.map(\.id).sorted().compactMap { id in
            switch HostStatus(id, in: self) {
            case .ready, .maintenance, .malformed: nil
            case .troubled:
                Finding(
                    .problem, .host, ids: [id.text],
                    "host \(id) takes no VMs: \(hosts[id]?.value.message ?? "it says no more")",
                    remedy: "metastack host show \(id)")
            case .absent: absence(of: id)
            }
        }
    }

    private func absence(of id: HostID) -> Finding {
        let waiting = TakeoverStatus(self).waiting.count { $0.lastHost == id }
        guard waiting > 0 else {
            return Finding(
                .notice, .host, ids: [id.text], "host \(id) is absent",
                remedy: "start metastack-node there")
        }
        let words = waiting == 1 ? "1 VM of its waits" : "\(waiting) VMs of its wait"
        return Finding(
            .problem, .host, ids: [id.text], "host \(id) is absent and \(words) for another",
            remedy: "metastack takeover status")
    }

    var takeoverFindings: [Finding] {
        let status = TakeoverStatus(self)
        var findings: [Finding] = []
        if status.state == .disarmed {
            let reason = status.stored?.value.reason.map { ": \($0)" } ?? ""
            findings.append(
                Finding(
                    .problem, nil, "takeovers are disarmed\(reason)",
                    remedy: "metastack takeover arm"))
        }
        if let first = status.held.first {
            let hosts = status.held.map(\.host.text)
            findings.append(
                Finding(
                    .problem, .host, ids: hosts,
                    "takeovers are held back by \(hosts.joined(separator: ", ")): \(first.reason)",
                    remedy: "metastack takeover arm"))
        }
        return findings
    }

    // MARK: Images and records

    var imageFindings: [Finding] {
        imageNames.known.sorted { $0.id < $1.id }.compactMap { id, name in
            let status = ImageStatus(id, in: self)
            guard status.word == .failed else { return nil }
            return Finding(
                .problem, .image, ids: [id.text],
                "image \(name ?? id.text) is failed" + (status.message.map { ": \($0)" } ?? ""),
                remedy: "metastack image show \(name ?? id.text)")
        }
    }

    var malformedFindings: [Finding] {
        malformed.values.sorted { $0.path < $1.path }.map { record in
            let parts = record.path.split(separator: "/", maxSplits: 1).map(String.init)
            let (folder, id) = (parts.first ?? "", parts.last ?? "")
            let (kind, remedy): (ResourceKind?, String?) =
                switch RecordKey.Folder(rawValue: folder) {
                case .desiredVMs: (.vm, "metastack vm delete \(id)")
                case .images: (.image, "metastack image delete \(id)")
                case .flavours: (.flavour, "metastack flavour delete \(id)")
                case .sshKeys: (.sshKey, "metastack ssh-key delete \(id)")
                case .networks: (.network, "metastack network delete \(id)")
                case .securityGroups: (.securityGroup, "metastack security-group delete \(id)")
                case .addresses: (nil, nil)
                case .desiredHosts: (.host, "metastack host ready \(id)")
                case .globalConfig: (.config, "metastack config unset \(id)")
                case .hosts: (.host, "restart metastack-node there")
                case .actualVMs, .history, .arrivals: (.vm, "metastack vm show \(id)")
                case .actualImages: (.image, "metastack image show \(id)")
                case .volumes: (.volume, "metastack volume show \(id)")
                case .tokens: (nil, "metastack token revoke \(id)")
                case .declines, nil: (nil, nil)
                }
            return Finding(.problem, kind, ids: [id], record.description, remedy: remedy)
        }
    }
}

extension VMStatus.Word {
    /// Whether what is wanted is not so.
    fileprivate var isWrong: Bool {
        switch self {
        case .pending, .failed, .paused, .malformed: true
        case .claimed, .starting, .running, .migrating, .suspended, .stopping, .stopped, .deleting:
            false
        }
    }
}
