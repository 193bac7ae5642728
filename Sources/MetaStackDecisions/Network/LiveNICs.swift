public import MetaStackModel

/// What is to be done about the NICs of a guest that runs, so that it comes to have those that its
/// VM's record asks for.
///
/// Three lists are compared: those of the record, of the claim, and of the domain. A NIC is known by its
/// network and MAC address; its place among the others may change. One that is new comes into the claim with
/// its addresses first, then into the host's networks and rules, then into the guest. One that is not
/// wanted any more leaves the guest first, then the rules; its addresses go with its place in the claim. So an
/// agent that is started anew in the midst of it goes on from there.
public struct LiveNICs: Sendable, Equatable {
    public enum Step: Sendable, Equatable {
        /// Put on record what NICs the guest is to have, with their addresses, and which are gone.
        case record(AddressPlan)
        /// It is on record, and the guest has not got it.
        case attach(ActualNIC)
        /// Nobody wants it, and the guest has it.
        case detach(ActualNIC)
    }

    /// Another try at something that did not come about.
    public struct Try: Sendable, Equatable {
        /// Why it did not, for people; nil while there is nothing to tell.
        public var reason: String?
        /// Whether it is time for the next one.
        public var isDue: Bool

        public init(reason: String?, isDue: Bool) {
            self.reason = reason
            self.isDue = isDue
        }
    }

    /// nil where nothing can be done now.
    public var step: Step?
    /// What waits for something, and for what, for people; nil where nothing does.
    public var note: String?

    /// Nothing to do.
    public init() {}

    /// Looks at a guest that runs under its host's claim.
    ///
    /// - Parameters:
    ///   - taken: addresses that other VMs are about to get.
    ///   - tries: what was tried and has not come about, by the NIC's end on the host.
    public init(
        of vm: VMID, _ desired: Stored<DesiredVM>, _ claim: ActualVM, _ domain: LocalDomain,
        in cluster: Cluster, taken: Set<AddressID> = [], tries: [InterfaceName: Try] = [:]
    ) {
        let wanted: [WantedNIC]
        do throws(VMPlan.Impossible) {
            wanted = try WantedNIC.all(of: vm, desired.value.nics, in: cluster)
        } catch {
            note = "its NICs stay as they are: \(error)"
            return
        }
        var look = Look(
            vm: vm, wanted: wanted, claim: claim, domain: domain, cluster: cluster, taken: taken)
        if let plan = look.plan(created: desired.createRevision) {
            step = .record(plan)
        } else {
            step = look.nextStep(tries)
        }
        note = look.notes.isEmpty ? nil : look.notes.joined(separator: "; ")
    }
}

/// One comparison of the three lists.
private struct Look {
    let vm: VMID
    let wanted: [WantedNIC]
    let claim: ActualVM
    let cluster: Cluster
    let taken: Set<AddressID>
    /// The claim's, by the places at which they are wanted.
    private var present: [Int: ActualNIC] = [:]
    /// The claim's that nobody wants.
    private var unwanted: [ActualNIC] = []
    /// The ends of those that the guest has.
    private let ends: Set<InterfaceName>
    private let strangers: Set<MACAddress>
    private let onRecord: [ActualNIC]
    var notes: [String] = []

    init(
        vm: VMID, wanted: [WantedNIC], claim: ActualVM, domain: LocalDomain, cluster: Cluster,
        taken: Set<AddressID>
    ) {
        self.vm = vm
        self.wanted = wanted
        self.claim = claim
        self.cluster = cluster
        self.taken = taken
        ends = Set(domain.nics.map(\.interface))
        strangers = Set(
            domain.nics.filter { !$0.interface.text.hasPrefix(InterfaceName.tapPrefix) }
                .map(\.mac))
        onRecord = claim.guestNICs(of: vm)
        for nic in onRecord {
            let place = wanted.first { $0.mac == nic.mac && $0.network?.id == nic.network }?.place
            if let place, present[place] == nil {
                present[place] = nic
            } else {
                unwanted.append(nic)
            }
        }
    }

    /// By its end on the host; one that somebody else has named is known by its MAC address.
    private func isInGuest(_ nic: ActualNIC) -> Bool {
        nic.interface.map(ends.contains) == true || strangers.contains(nic.mac)
    }

    // MARK: What is on record

    /// What the claim is to say; nil where it does.
    mutating func plan(created: Revision) -> AddressPlan? {
        var accepted = wanted.filter { present[$0.place] != nil }
        guard var plan = attempt(accepted, created) else { return nil }
        for nic in wanted where present[nic.place] == nil {
            if let problem = obstacle(to: nic) {
                notes.append("\(words(nic)) waits: \(problem)")
            } else if let more = attempt(accepted + [nic], created, for: nic) {
                accepted.append(nic)
                plan = more
            }
        }
        guard let named = withFreeEnds(plan) else { return nil }
        return named.nics == onRecord && named.changes.isEmpty ? nil : named
    }

    /// Why the host cannot give the guest a NIC.
    private func obstacle(to nic: WantedNIC) -> String? {
        guard let host = cluster.hosts[claim.host]?.value else { return "the host is not live" }
        let offer = NetworkOffer(of: host)
        let problems = nic.needs.compactMap { offer.problem(with: $0) }.sorted()
        return problems.first.map { "host \(claim.host): \($0)" }
    }

    private mutating func attempt(
        _ nics: [WantedNIC], _ created: Revision, for new: WantedNIC? = nil
    ) -> AddressPlan? {
        do throws(VMPlan.Impossible) {
            if let new { try cluster.requireOwnMACs([new], of: vm) }
            return try AddressPlan(
                nics.sorted { $0.place < $1.place }, of: vm, created: created, in: cluster,
                taken: taken, present: present, leaving: unwanted.filter(isInGuest))
        } catch {
            notes.append(new.map { "\(words($0)) waits: \(error)" } ?? "\(error)")
            return nil
        }
    }

    /// The name that a NIC's place gives it may still be another's, which had the place before.
    private mutating func withFreeEnds(_ plan: AddressPlan) -> AddressPlan? {
        var plan = plan
        let known = Set(onRecord.compactMap(\.interface)).union(ends)
        var used = known
        for index in plan.nics.indices where !onRecord.contains(plan.nics[index]) {
            let names =
                [plan.nics[index].interface].compactMap(\.self)
                + (0..<InterfaceName.mostTaps).map { .tap(of: vm, nic: $0) }
            guard let free = names.first(where: { !used.contains($0) }) else {
                notes.append("all names of its NICs are taken: at the next start it has them")
                return nil
            }
            plan.nics[index].interface = free
            used.insert(free)
        }
        return plan
    }

    // MARK: What the guest has

    /// What leaves may make room for what comes.
    mutating func nextStep(_ tries: [InterfaceName: LiveNICs.Try]) -> LiveNICs.Step? {
        var step: LiveNICs.Step?
        func isDue(_ nic: ActualNIC) -> Bool {
            nic.interface.flatMap { tries[$0] }?.isDue ?? true
        }
        func note(_ nic: ActualNIC, _ text: String) -> String? {
            nic.interface.flatMap { tries[$0]?.reason }.map { "\(words(nic)) \(text): \($0)" }
        }
        for nic in unwanted where isInGuest(nic) {
            if let text = note(nic, "goes at the next start at the latest") { notes.append(text) }
            if step == nil, isDue(nic) { step = .detach(nic) }
        }
        for nic in onRecord where !unwanted.contains(nic) && !isInGuest(nic) {
            if let text = note(nic, "comes at the next start at the latest") { notes.append(text) }
            if step == nil, isDue(nic) { step = .attach(nic) }
        }
        return step
    }

    // MARK: Words

    private func words(_ nic: WantedNIC) -> String {
        "NIC \(nic.mac)" + (nic.network.map { " (network \($0.record.name))" } ?? "")
    }

    private func words(_ nic: ActualNIC) -> String {
        let name = nic.network.map { cluster.networks[$0]?.value.name.text ?? $0.text }
        return "NIC \(nic.mac)" + (name.map { " (network \($0))" } ?? "")
    }
}
