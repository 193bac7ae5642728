import MetaStackModel
import Testing

@testable import MetaStackCommands
@testable import MetaStackManagement

@Suite struct NameLookupTests {
    static let lookup = NameLookup<VMID>(
        kind: "vm",
        known: [
            (VMID(unchecked: "aa11"), "web"), (VMID(unchecked: "aa22"), "db"),
            (VMID(unchecked: "bb33"), "twin"), (VMID(unchecked: "cc44"), "twin"),
            (VMID(unchecked: "web2"), "aa11"), (VMID(unchecked: "dd55"), nil),
        ])

    @Test(arguments: [
        ("web", "aa11"), ("bb33", "bb33"), ("bb", "bb33"), ("aa11", "aa11"), ("dd", "dd55"),
    ])
    func findsByIDThenByNameThenByTheBeginningOfAnID(text: String, id: String) throws {
        #expect(try Self.lookup.find(text).text == id)
    }

    @Test(arguments: [
        ("twin", CommandStatus.usage, "2 vms are named \"twin\", use one of the ids bb33, cc44"),
        ("aa", .usage, "2 vms have an id that begins with \"aa\", use one of the ids aa11, aa22"),
        ("wbe", .notFound, "there is no vm \"wbe\", did you mean web?"),
        ("zzzzzz", .notFound, "there is no vm \"zzzzzz\", known are"),
        ("", .notFound, "there is no vm \"\""),
        ("a\u{1b}b", .notFound, "there is no vm \"a\\u{1B}b\""),
    ])
    func saysWhyNothingIsMeant(text: String, status: CommandStatus, words: String) {
        let error = #expect(throws: CommandFailure.self) { try Self.lookup.find(text) }
        #expect(error?.status == status)
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }

    @Test func refusesANameThatIsTaken() {
        #expect(throws: CommandFailure.self) {
            try Self.lookup.requireFree(ResourceName("web"))
        }
        #expect(throws: CommandFailure.self) {
            try Self.lookup.requireFree(ResourceName("bb33"))
        }
        #expect(throws: Never.self) { try Self.lookup.requireFree(ResourceName("free")) }
    }
}
