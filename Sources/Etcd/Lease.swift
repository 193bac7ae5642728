/// A lease as it was granted.
public struct Lease: Sendable, Hashable {
    public var id: LeaseID
    /// Time to live, which etcd may have made longer than asked.
    public var ttl: Duration

    public init(id: LeaseID, ttl: Duration) {
        self.id = id
        self.ttl = ttl
    }
}

/// A lease as etcd sees it now.
public struct LeaseStatus: Sendable, Hashable {
    public var id: LeaseID
    /// What is left, in whole seconds.
    public var remaining: Duration
    /// The time to live that it was granted with.
    public var granted: Duration
    /// The keys that end with it, where they were asked for.
    public var keys: [Key]

    public init(id: LeaseID, remaining: Duration, granted: Duration, keys: [Key] = []) {
        self.id = id
        self.remaining = remaining
        self.granted = granted
        self.keys = keys
    }
}
