package import MetaStackModel

/// How an image is, in one word for people.
package struct ImageStatus: Sendable, Equatable {
    package enum Word: String, Sendable, CaseIterable {
        /// No node has begun to fetch it.
        case pending
        case importing
        case ready
        case failed
        /// Not wanted any more, and something of it is left.
        case deleting
        case malformed
    }

    package let word: Word
    /// How far the import is, from 0 to 100; nil where nobody knows.
    package let percent: Int?
    package let message: String?

    package init(_ id: ImageID, in cluster: Cluster) {
        let actual = cluster.actualImages[id]?.value
        let malformed =
            cluster.malformed[RecordKey.image(id).path]
            ?? cluster.malformed[RecordKey.actualImage(id).path]
        if let malformed {
            (word, percent, message) = (.malformed, nil, malformed.description)
        } else if cluster.images[id] == nil {
            (word, percent, message) = (.deleting, nil, actual?.message)
        } else if let actual {
            word = Self.word(for: actual.state)
            percent = actual.state == .importing ? actual.percent : nil
            message = actual.message
        } else {
            let reason = cluster.hosts.isEmpty ? "no hosts are live, start metastack-node" : nil
            (word, percent, message) = (.pending, nil, reason)
        }
    }

    private static func word(for state: ActualImage.State) -> Word {
        switch state {
        case .importing: .importing
        case .ready: .ready
        case .failed: .failed
        case .deleting: .deleting
        }
    }

    /// For example `importing 42 %`.
    package var text: String { word.rawValue + (percent.map { " \($0) %" } ?? "") }
}

extension ActualImage {
    fileprivate var percent: Int? {
        guard let done, let total, total > 0, done >= 0 else { return nil }
        return Int((Double(min(done, total)) / Double(total) * 100).rounded(.down))
    }
}

/// Waiting for an image.
package enum ImageGoal {
    /// Ready as its record of this revision wants it. A failure that trying again may mend is
    /// waited out, since a node will try again.
    package static func ready(_ id: ImageID, since revision: Revision, in cluster: Cluster)
        -> Progress
    {
        guard cluster.revision >= revision else { return .waiting("no host has answered yet") }
        let status = ImageStatus(id, in: cluster)
        let actual = cluster.actualImages[id]?.value
        let isCurrent = actual?.desiredRevision.map { $0 >= revision } ?? true
        let words = status.text + (status.message.map { ", \($0)" } ?? "")
        switch status.word {
        case .ready where isCurrent: return .done
        case .failed where isCurrent && actual?.retry == false:
            return .failed(status.message ?? "its host says no more")
        case .malformed: return .failed(status.message ?? "its record cannot be read")
        case .deleting where cluster.images[id] == nil:
            return .failed("somebody deleted it meanwhile")
        case .ready, .failed, .deleting, .pending, .importing: return .waiting(words)
        }
    }

    /// Nothing is left of it.
    package static func gone(_ id: ImageID, in cluster: Cluster) -> Progress {
        if cluster.images[id] != nil { return .waiting("no host has answered yet") }
        guard let actual = cluster.actualImages[id]?.value else { return .done }
        return .waiting(
            cluster.hosts.isEmpty
                ? "no hosts are live to remove it"
                : "a host to remove it" + (actual.message.map { ", \($0)" } ?? ""))
    }
}
