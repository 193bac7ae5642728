/// How etcd itself is, as its members say one by one.
public struct EtcdCondition: Sendable, Equatable {
    /// What one address answered.
    public struct Voice: Sendable, Equatable {
        public var url: String
        /// Whether it stands in the configuration; else a member names it as its own.
        public var isConfigured: Bool
        /// nil where there was no answer.
        public var word: Word?
        /// Why there was none.
        public var failure: String?

        public init(
            _ url: String, isConfigured: Bool = true, word: Word? = nil, failure: String? = nil
        ) {
            self.url = url
            self.isConfigured = isConfigured
            self.word = word
            self.failure = failure
        }
    }

    /// What a member says of itself.
    public struct Word: Sendable, Equatable {
        public var member: UInt64
        /// etcd's number of the cluster.
        public var cluster: UInt64 = 1
        public var version: String
        /// What is known to be wrong with that version.
        public var defects: [String] = []
        /// The member that it follows; nil where it knows none.
        public var leader: UInt64?
        /// Bytes of the database, and those of them that hold data.
        public var size: Int64 = 0
        public var used: Int64 = 0
        /// The bytes that it may have; nil where the member does not say.
        public var quota: Int64?
        public var raftIndex: UInt64 = 0
        public var appliedIndex: UInt64 = 0
        /// What it complains of.
        public var errors: [String] = []
        public var isLearner = false
        /// How far its clock is ahead of the asking machine's; nil where it does not tell its time.
        public var clockOffset: Duration?

        public init(member: UInt64, version: String, leader: UInt64?) {
            self.member = member
            self.version = version
            self.leader = leader
        }
    }

    /// A member as the others know it.
    public struct Member: Sendable, Equatable {
        public var id: UInt64
        public var name: String
        public var urls: [String]
        public var isLearner: Bool

        public init(_ id: UInt64, _ name: String, urls: [String], isLearner: Bool = false) {
            self.id = id
            self.name = name
            self.urls = urls
            self.isLearner = isLearner
        }
    }

    public struct Alarm: Sendable, Equatable {
        public var member: UInt64
        /// `NOSPACE` or `CORRUPT`.
        public var kind: String

        public init(member: UInt64, kind: String) {
            self.member = member
            self.kind = kind
        }
    }

    public var voices: [Voice]
    /// nil where nobody could be asked.
    public var members: [Member]?
    public var alarms: [Alarm] = []
    /// Whether a stranger's read is refused; nil where it could not be tried.
    public var asksForName: Bool?
    /// The store's revision; nil where nobody answered.
    public var revision: Int64?
    /// What is left of hosts' sessions, by their leases, in seconds; none where the lease has ended.
    public var leases: [Int64: Lease] = [:]

    /// A lease as etcd sees it.
    public struct Lease: Sendable, Equatable {
        /// nil where it has ended.
        public var remaining: Duration?
        public var granted: Duration

        public init(remaining: Duration?, granted: Duration) {
            self.remaining = remaining
            self.granted = granted
        }
    }

    public init(voices: [Voice], members: [Member]? = nil) {
        self.voices = voices
        self.members = members
    }
}
