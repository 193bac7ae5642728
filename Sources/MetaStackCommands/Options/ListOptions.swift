import ArgumentParser
import MetaStackManagement
import MetaStackModel

/// What every verb takes that lists things.
struct ListOptions: ParsableArguments {
    @Option(
        name: [.customShort("l"), .long],
        help: ArgumentHelp(
            """
            Only what has these labels: key=value, key!=value, key or !key; several with commas or \
            by repeating it.
            """, valueName: "labels"))
    var selector: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            In the order of a column or of a path such as .desired.record.name; a minus before it \
            turns it round.
            """, valueName: "field"))
    var sortBy: String?

    @OptionGroup var watching: WatchOptions

    func validate() throws { _ = try labels }

    /// Whether the order goes by documents.
    var hasPath: Bool {
        sortBy?.split(separator: ",").contains { $0.hasPrefix(".") || $0.hasPrefix("-.") } ?? false
    }

    private var labels: LabelSelector {
        get throws { try LabelSelector(selector.joined(separator: ",")) }
    }

    /// What is left of a list, in the wanted order.
    ///
    /// - Parameter warn: is told of a label that nothing has, since that is most often a slip.
    func apply(to listing: Listing, warn: (String) -> Void) throws -> Listing {
        let labels = try labels
        let known = listing.labelNames
        for name in labels.names where !known.contains(name) && !listing.items.isEmpty {
            let near = known.nearest(to: name).map { ", did you mean \($0)?" } ?? ""
            warn("no \(listing.one) has a label \(name)\(near)")
        }
        let chosen = labels.names.isEmpty ? listing : listing.selected(by: labels)
        return try sortBy.map { try chosen.sorted(by: $0) } ?? chosen
    }
}

/// What verbs take that can go on showing.
struct WatchOptions: ParsableArguments {
    @Flag(
        name: .shortAndLong,
        help: "Go on showing what changes, as it changes, until interrupted.")
    var watch = false
}
