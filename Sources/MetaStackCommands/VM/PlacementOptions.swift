import ArgumentParser
import MetaStackManagement
import MetaStackModel

/// Where a new VM wants to be.
struct PlacementOptions: ParsableArguments {
    @Option(
        help: "Who gets a host first where not all do, from -1000 to 1000; the higher number.")
    var priority = 0

    @Option(
        help: ArgumentHelp(
            "A label that its host must have; may be repeated.", valueName: "key=value"),
        transform: Label.init)
    var requireLabel: [Label] = []

    @Option(
        help: ArgumentHelp(
            "A label that its host had better have; may be repeated.", valueName: "key=value"),
        transform: Label.init)
    var preferLabel: [Label] = []

    @Option(
        help: ArgumentHelp(
            """
            A group that it belongs to and whom the others are to it: affinity, anti-affinity, \
            soft-affinity or soft-anti-affinity; may be repeated.
            """, valueName: "group=affinity"),
        transform: Label.init)
    var group: [Label] = []

    /// - Throws: `ValidationError` for an affinity or a priority that there is not.
    var wishes: PlacementWishes {
        get throws {
            var groups: [String: PlacementWishes.Affinity] = [:]
            for wish in group {
                guard let affinity = PlacementWishes.Affinity(rawValue: wish.value) else {
                    let known = PlacementWishes.Affinity.allCases.map(\.rawValue)
                    throw ArgumentParser.ValidationError(
                        "\(wish.value) is no affinity, use one of "
                            + known.joined(separator: ", "))
                }
                groups[wish.key] = affinity
            }
            let wishes = PlacementWishes(
                priority: priority, required: requireLabel.dictionary,
                preferred: preferLabel.dictionary, groups: groups)
            try wishes.validate()
            return wishes
        }
    }
}
