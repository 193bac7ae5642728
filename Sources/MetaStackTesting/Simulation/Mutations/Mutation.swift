/// A deliberate mistake in the protocol.
public enum Mutation: String, CaseIterable, Sendable {
    case noEviction = "no-eviction"

    func plant(
        in real: SimulatedFleet.Parts, _ node: Node, _ fleet: SimulatedFleet
    ) -> SimulatedFleet.Parts {
        real
    }
}
