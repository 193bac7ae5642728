package import MetaStackModel

/// What is new in the mirror. The records themselves are in ``ClusterMirror/cluster``.
package struct MirrorUpdate: Sendable, Equatable {
    package let revision: Revision
    /// Empty where ``isReload``, and where it only says that the server is there.
    package let changed: Set<RecordKey>
    /// Anything may have changed: the watch had to begin anew.
    package let isReload: Bool
}
