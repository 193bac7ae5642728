import MetaStackDecisions
import MetaStackModel
import Testing

struct ImageRulesTests {
    private let id = ImageID(unchecked: "i")

    private func step(_ change: (inout Cluster) throws -> Void) throws -> ImageStep {
        var cluster = Cluster()
        try cluster.addHost("a")
        try cluster.addHost("b", lease: "8")
        try change(&cluster)
        return ImageRules.next(
            id, me: HostID(unchecked: "a"), lease: LeaseNumber(7), in: cluster)
    }

    private func wantedStep(_ change: (inout Cluster) throws -> Void) throws -> ImageStep {
        try step {
            try $0.addImage("i", name: "debian")
            try change(&$0)
        }
    }

    @Test func importsWhatIsWantedAndNotThere() throws {
        #expect(try wantedStep { _ in } == .importImage)
    }

    @Test func leavesAReadyImageAlone() throws {
        #expect(try wantedStep { try $0.addActualImage("i", .ready) } == .none)
    }

    @Test func leavesWorkToANodeThatLives() throws {
        #expect(
            try wantedStep { try $0.addActualImage("i", .importing, host: "b", lease: "8") }
                == .none)
        #expect(
            try wantedStep { try $0.addActualImage("i", .deleting, host: "b", lease: "8") }
                == .none)
    }

    @Test(arguments: [("b", "9"), ("gone", "8")])
    func takesOverWorkOfASessionThatEnded(host: String, lease: String) throws {
        #expect(
            try wantedStep { try $0.addActualImage("i", .importing, host: host, lease: lease) }
                == .importImage)
        #expect(
            try wantedStep { try $0.addActualImage("i", .deleting, host: host, lease: lease) }
                == .remove)
    }

    @Test func takesUpItsOwnFormerSessionsWork() throws {
        #expect(
            try wantedStep { try $0.addActualImage("i", .importing, host: "a", lease: "6") }
                == .importImage)
    }

    @Test func triesAgainOnlyWhereThatMayHelp() throws {
        #expect(try wantedStep { try $0.addActualImage("i", .failed, retry: true) } == .retryImport)
        #expect(try wantedStep { try $0.addActualImage("i", .failed, retry: false) } == .none)
    }

    @Test func triesAtOnceWhenTheRecordWasWrittenAnew() throws {
        #expect(
            try step {
                try $0.addImage("i", name: "debian", written: 9)
                try $0.addActualImage("i", .failed, retry: false, wantedAt: 4)
            } == .importImage)
    }

    @Test func removesWhatNobodyWantsAnyMore() throws {
        #expect(try step { try $0.addActualImage("i", .ready) } == .remove)
        #expect(try step { try $0.addActualImage("i", .failed) } == .remove)
        #expect(
            try step { try $0.addActualImage("i", .importing, host: "b", lease: "8") } == .remove)
        #expect(try step { _ in } == .none)
    }

    @Test func leavesARemovalToTheNodeThatIsAtIt() throws {
        #expect(
            try step { try $0.addActualImage("i", .deleting, host: "b", lease: "8") } == .none)
        #expect(
            try step { try $0.addActualImage("i", .deleting, host: "b", lease: "9") } == .remove)
    }

    @Test func keepsAnImageWhileADiskDependsOnIt() throws {
        #expect(
            try step {
                try $0.addActualImage("i", .ready)
                $0.addDisk(of: "web", from: "i")
            } == .none)
        #expect(
            try step {
                try $0.addActualImage("i", .ready)
                $0.addDisk(of: "web", from: "another")
            } == .remove)
    }

    @Test(arguments: ["images/i", "actual_images/i"])
    func touchesNothingWhileARecordIsMalformed(path: String) throws {
        #expect(
            try step {
                try $0.addActualImage("i", .ready)
                $0.malformed[path] = MalformedRecord(path: path, problem: "")
            } == .none)
    }

    @Test func allNodesAgreeOnWhoTriesFirst() throws {
        var one = Cluster()
        var two = Cluster()
        for host in ["a", "b", "c"] { try one.addHost(host) }
        for host in ["c", "a", "b"] { try two.addHost(host) }
        let order = ImageRules.candidates(for: id, in: one)
        #expect(order == ImageRules.candidates(for: id, in: two))
        #expect(Set(order.map(\.text)) == ["a", "b", "c"])
    }
}
