import Foundation
package import MetaStackModel
import MetaStackStore

/// What documents change, checked as a whole before any of it is written.
///
/// Sizes, images, keys, networks and security groups come before the VMs that use them, what is pruned goes last; each change is
/// checked over a cluster in which those before it have happened.
package struct ApplyPlan: Sendable {
    package enum Action: String, Sendable {
        case created, changed, unchanged, deleted
        /// It shall go, and something uses it still.
        case kept
    }

    package struct Step: Sendable {
        package let action: Action
        package let change: ResourceChange
        /// Why it is kept; nil otherwise.
        package let message: String?
    }

    package private(set) var steps: [Step] = []
    private var cluster: Cluster
    private let now: Timestamp

    /// Hosts and settings are never pruned: there is no wish without them.
    private static let pruned: [ResourceKind] = [
        .vm, .image, .flavour, .sshKey, .network, .securityGroup,
    ]
    private static let order: [ResourceKind] = [
        .config, .flavour, .image, .sshKey, .securityGroup, .network, .host, .vm,
    ]

    /// - Parameters:
    ///   - selector: what has these labels and is in no document is deleted; nil for nothing.
    ///   - newID: makes ids for what is new.
    /// - Throws: `CommandFailure` that names the document.
    package init(
        _ documents: [ApplyDocument], pruning selector: LabelSelector? = nil, in cluster: Cluster,
        at now: Timestamp, newID: () -> String
    ) throws {
        self.cluster = cluster
        self.now = now
        for kind in Self.order {
            for document in documents where document.kind == kind {
                do {
                    try apply(document, newID)
                } catch let error as CommandFailure {
                    throw CommandFailure(
                        error.status, "\(document.place): \(error.description)",
                        fields: error.fields)
                }
            }
        }
        if let selector { try prune(selector) }
    }

    package var isNeeded: Bool { steps.contains { $0.change.isNeeded && $0.action != .kept } }

    private mutating func apply(_ document: ApplyDocument, _ newID: () -> String) throws {
        let (kind, known) = (document.kind, try known(document))
        let id = known ?? document.id ?? newID()
        guard !steps.contains(where: { $0.change.kind == kind && $0.change.id == id }) else {
            throw CommandFailure(
                .usage, "\(kind.word) \(document.name ?? id) is in more than one document")
        }
        let stored = cluster.desiredRecord(kind, id)
        let change = try ResourceChange.replace(
            kind, id: id, document.record(over: stored, in: cluster), in: cluster, at: now)
        let action: Action =
            stored == nil ? .created : change.isNeeded ? .changed : .unchanged
        try take(Step(action: action, change: change, message: nil))
    }

    /// The id of what the document is about; nil where that is new.
    private func known(_ document: ApplyDocument) throws -> String? {
        switch document.kind {
        case .host, .config, .sshKey: return document.id ?? document.name
        case .vm, .image, .flavour, .network, .securityGroup, .volume, .address: break
        }
        if let id = document.id { return id }
        guard let name = document.name else { return nil }
        // Exactly this name: the beginning of an id names nothing in a file.
        let named = try cluster.resources(document.kind).filter { $0.name == name }
        guard named.count <= 1 else {
            throw CommandFailure(
                .usage,
                "\(named.count) \(document.kind.plural) are named \(name), say which by an id")
        }
        return named.first?.id
    }

    private mutating func prune(_ selector: LabelSelector) throws {
        for kind in Self.pruned {
            let kept = Set(steps.filter { $0.change.kind == kind }.map(\.change.id))
            for resource in try cluster.resources(kind)
            where selector.matches(resource.labels) && !kept.contains(resource.id)
                && resource.revision != nil
            {
                try remove(resource)
            }
        }
    }

    private mutating func remove(_ resource: Resource) throws {
        do throws(CommandFailure) {
            let change = try ResourceChange.delete(resource.kind, id: resource.id, in: cluster)
            try take(Step(action: .deleted, change: change, message: nil))
        } catch  where error.status == .conflict {
            let record = cluster.desiredRecord(resource.kind, resource.id)?.record
            let change = ResourceChange(
                kind: resource.kind, id: resource.id, name: resource.name, writes: [],
                conditions: [], before: record, after: record)
            steps.append(Step(action: .kept, change: change, message: error.description))
        }
    }

    private mutating func take(_ step: Step) throws(CommandFailure) {
        steps.append(step)
        let key = try ResourceProposal.key(step.change.kind, step.change.id)
        let revision = Revision(cluster.revision.number + 1)
        let created = cluster.desiredRecord(step.change.kind, step.change.id)?.createRevision
        // What was checked can be written as JSON.
        let json = step.change.after.flatMap { try? JSONEncoder().encode($0) }
        cluster.apply(
            RawRecord(
                path: key.path, json: json, revision: revision,
                createRevision: created ?? revision))
    }
}
