import MetaStackManagement
import MetaStackModel
import MetaStackStore
import Synchronization

extension CommandSession {
    /// Shows a list as its options say, and with `--watch` whatever changes of it.
    ///
    /// - Parameter part: what a table of it shows.
    func list(
        _ options: ListOptions, of part: ClusterPart = .everything,
        _ listing: @escaping @Sendable (Cluster) throws -> Listing
    ) async throws {
        // What changes is followed over everything, and documents show everything.
        let isTable = format.isForPeople || format == .name
        let isPartial = isTable && !options.watching.watch && !options.hasPath
        let cluster = try await access.load(isPartial ? part : .everything)
        let now = try options.apply(to: try listing(cluster), warn: warn)
        guard options.watching.watch else { return screen.output(try renderer.text(of: now)) }
        let printer = Mutex(WatchPrinter(renderer))
        screen.output(try printer.withLock { try $0.first(now) })
        try await access.follow(cluster) { cluster in
            // A label that is on nothing now may come.
            let next = try options.apply(to: try listing(cluster)) { _ in }
            let news = try printer.withLock { try $0.next(next) }
            if !news.isEmpty { screen.output(news) }
            return false
        }
    }

    /// Shows one thing, and with `--watch` again whenever it has changed.
    ///
    /// - Parameter shown: nil where it is gone, which ends the watch.
    func show(
        _ options: WatchOptions, in cluster: Cluster,
        _ shown: @escaping @Sendable (Cluster) throws -> Shown?
    ) async throws {
        guard let first = try shown(cluster) else { return }
        screen.output(try renderer.text(of: first))
        guard options.watch else { return }
        let last = Mutex(first.document)
        let name = first.name
        try await access.follow(cluster) { cluster in
            guard let next = try shown(cluster) else {
                confirm("\(name) is gone")
                return true
            }
            let isNew = last.withLock { last in
                defer { last = next.document }
                return last != next.document
            }
            if isNew { screen.output(separator + (try renderer.text(of: next))) }
            return false
        }
    }

    /// What keeps one showing and the next apart.
    private var separator: String {
        switch format {
        case .table, .wide: "\n"
        case .yaml: "---\n"
        case .json, .name, .template: ""
        }
    }
}
