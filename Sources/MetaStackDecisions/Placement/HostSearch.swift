import MetaStackModel

/// The search of hosts for one VM.
///
/// A herd asks for each of thousands of VMs about each of thousands of hosts. So what is the same
/// for all hosts is found out once, and the VM's own order of hosts, which decides between equals
/// only, is looked at where they are equal.
struct HostSearch {
    private let request: PlacementRequest
    private let order: StableHash
    private let declines: [HostID: Stored<Decline>]?
    /// Whether each kind of equipment will do.
    private let suitsEquipment: [Bool]
    private let hasWishes: Bool

    init(_ request: PlacementRequest, in placement: Placement) {
        self.request = request
        order = Placement.order(of: request.vm)
        declines = placement.declines[request.vm]
        suitsEquipment = placement.equipments.map { Admission.suits(request, $0) }
        let wishes = request.wishes
        hasWishes =
            !wishes.required.isEmpty || !wishes.preferred.isEmpty || !wishes.groups.isEmpty
    }

    /// nil where the host cannot run the VM.
    func score(at place: Int, in placement: Placement) -> Score? {
        guard let merit = merit(at: place, in: placement) else { return nil }
        return Score(
            unmet: merit.unmet, load: merit.load, weight: weight(at: place, in: placement))
    }

    func canRun(at place: Int, in placement: Placement) -> Bool {
        merit(at: place, in: placement) != nil
    }

    /// The best host's place; nil where none can run the VM.
    func best(in placement: Placement) -> Int? {
        if let pin = request.pin {
            return placement.place(of: pin).flatMap {
                merit(at: $0, in: placement) == nil ? nil : $0
            }
        }
        var best: (place: Int, unmet: Int, load: Int, weight: UInt64?)?
        for place in placement.offers.indices {
            guard let merit = merit(at: place, in: placement) else { continue }
            guard let known = best else {
                best = (place, merit.unmet, merit.load, nil)
                continue
            }
            guard (merit.unmet, merit.load) <= (known.unmet, known.load) else { continue }
            guard (merit.unmet, merit.load) == (known.unmet, known.load) else {
                best = (place, merit.unmet, merit.load, nil)
                continue
            }
            let mine = weight(at: place, in: placement)
            let others = known.weight ?? weight(at: known.place, in: placement)
            best =
                mine > others
                ? (place, merit.unmet, merit.load, mine)
                : (known.place, known.unmet, known.load, others)
        }
        return best?.place
    }

    /// How many hosts, one left out, are better than the one at `place`; nil where that one cannot
    /// run the VM.
    func rank(of place: Int, in placement: Placement, without left: Int) -> Int? {
        guard let mine = score(at: place, in: placement) else { return nil }
        return placement.offers.indices.count { other in
            guard other != left, other != place, let merit = merit(at: other, in: placement)
            else { return false }
            guard (merit.unmet, merit.load) == (mine.unmet, mine.load) else {
                return (merit.unmet, merit.load) < (mine.unmet, mine.load)
            }
            return weight(at: other, in: placement) > mine.weight
        }
    }

    private func weight(at place: Int, in placement: Placement) -> UInt64 {
        Placement.weight(of: placement.offers[place].host, in: order)
    }

    /// A score without its weight; nil where the host cannot run the VM.
    private func merit(at place: Int, in placement: Placement) -> (unmet: Int, load: Int)? {
        guard Admission.hasRoom(for: request, placement.offers[place]),
            placement.offers[place].refusal == nil, suitsEquipment[placement.equipmentOf[place]],
            request.pin == nil || request.pin == placement.offers[place].host,
            declines == nil || declines?[placement.offers[place].host] == nil
        else { return nil }
        let load = Score.load(request, placement.offers[place])
        return hasWishes ? merit(load, placement.offers[place], placement.seats) : (0, load)
    }

    private func merit(
        _ load: Int, _ offer: HostOffer, _ seats: [String: Set<HostID>]
    ) -> (unmet: Int, load: Int)? {
        guard Admission.suits(request, labels: offer.labels),
            Admission.allowsGroups(of: request, offer, seats)
        else { return nil }
        let unmet =
            Score.unmetLabels(request.wishes, offer)
            + Score.unmetGroups(request.wishes, offer, seats)
        return (unmet, load)
    }
}
