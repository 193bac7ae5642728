/// A record and what etcd says of its key.
///
/// A value whose contents stand outside of it. A cluster's tables are never full, and records are
/// large: with the contents inside, the empty places of 100,000 VMs' tables took more memory than
/// the records. Copies share the contents, which nobody changes; whoever changes a copy gets
/// contents of its own.
public struct Stored<Value: Record>: Sendable, Equatable {
    @usableFromInline
    final class Contents: Sendable {
        @usableFromInline let value: Value
        @usableFromInline let revision: Revision
        @usableFromInline let createRevision: Revision
        @usableFromInline let lease: LeaseNumber?

        @usableFromInline
        init(_ value: Value, _ revision: Revision, _ created: Revision, _ lease: LeaseNumber?) {
            self.value = value
            self.revision = revision
            createRevision = created
            self.lease = lease
        }
    }

    @usableFromInline var contents: Contents

    @inlinable
    public init(
        _ value: Value, revision: Revision, createRevision: Revision, lease: LeaseNumber? = nil
    ) {
        contents = Contents(value, revision, createRevision, lease)
    }

    @inlinable public var value: Value {
        get { contents.value }
        set { contents = Contents(newValue, revision, createRevision, lease) }
    }

    /// The revision of its last change: what a transaction compares.
    @inlinable public var revision: Revision {
        get { contents.revision }
        set { contents = Contents(value, newValue, createRevision, lease) }
    }

    /// The revision at which its key came to be.
    @inlinable public var createRevision: Revision {
        get { contents.createRevision }
        set { contents = Contents(value, revision, newValue, lease) }
    }

    /// The etcd lease it stands under; nil where it stands by itself.
    @inlinable public var lease: LeaseNumber? {
        get { contents.lease }
        set { contents = Contents(value, revision, createRevision, newValue) }
    }

    public static func == (one: Self, other: Self) -> Bool {
        one.contents === other.contents
            || (one.revision == other.revision && one.createRevision == other.createRevision
                && one.lease == other.lease && one.value == other.value)
    }
}
