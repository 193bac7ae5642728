import ArgumentParser
import Foundation
import MetaStackModel
import Testing

@testable import MetaStackCommands
@testable import MetaStackManagement

/// A folder of its own for each test, with files in it.
struct TemporaryFolder {
    let path: String

    init(_ files: [String: String]) throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "metastack-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (name, text) in files {
            try Data(text.utf8).write(to: folder.appending(path: name))
        }
        path = folder.path
    }

    func remove() throws { try FileManager.default.removeItem(atPath: path) }
}

@Suite struct ApplyTests {
    private static let shop = """
        kind: vm
        name: shop
        flavour: small
        image: debian
        labels: {app: shop}
        ---
        kind: flavour
        name: small
        vcpus: 2
        ram: 1GiB
        """

    private func apply(
        _ text: String, _ more: String..., on access: FakeAccess, answers: [String]? = nil
    ) async throws -> FakeScreen {
        let folder = try TemporaryFolder(["wish.yaml": text])
        defer { #expect(throws: Never.self) { try folder.remove() } }
        return try await run(
            ["apply", "-f", folder.path + "/wish.yaml"] + more, on: access, answers: answers)
    }

    private func refusal(
        _ text: String, verb: String = "apply", _ more: String..., on access: FakeAccess
    ) async throws -> FailureReport? {
        let folder = try TemporaryFolder(["wish.yaml": text])
        defer { #expect(throws: Never.self) { try folder.remove() } }
        return await failure([verb, "-f", folder.path + "/wish.yaml"] + more, on: access)
    }

    private func vm(_ id: String, _ access: FakeAccess) -> DesiredVM? {
        access.cluster.desiredVMs[VMID(unchecked: id)]?.value
    }

    @Test func createsWhatIsNotThereWhateverTheOrderInTheFile() async throws {
        let access = FakeAccess(.ready)
        let screen = try await apply(Self.shop, on: access)
        #expect(screen.output == "flavour small created\nvm shop created\n")
        #expect(vm("new-id-2", access)?.flavour == "small")
        #expect(vm("new-id-2", access)?.createdAt == now)
    }

    @Test func isUnchangedTheSecondTime() async throws {
        let access = FakeAccess(.ready)
        _ = try await apply(Self.shop, on: access)
        let screen = try await apply(Self.shop, on: access)
        #expect(screen.output == "flavour small unchanged\nvm shop unchanged\n")
        #expect(access.writeCount == 2)
    }

    @Test func changesWhatDiffersAndKeepsWhatVerbsSwitch() async throws {
        var cluster = Cluster.running
        cluster.put(
            "desired_vms/v1",
            #"{"name":"web","flavour":"f1","image":"i1","state":"stop","priority":7,"later":1}"#,
            at: 10)
        let access = FakeAccess(cluster)
        let text = "{kind: vm, name: web, flavour: tiny, image: debian, labels: {a: b}}"
        #expect(try await apply(text, on: access).output == "vm web changed\n")
        let changed = try #require(vm("v1", access))
        #expect(changed.labels == ["a": "b"])
        #expect(changed.state == .stop)
        #expect(changed.placement.priority == 0)
        #expect(changed.rest["later"] == .integer(1))
        #expect(changed.flavour == "f1")
    }

    @Test func aDryRunChecksAndWritesNothing() async throws {
        let access = FakeAccess(.ready)
        let screen = try await apply(Self.shop, "--dry-run", on: access)
        #expect(screen.output == "flavour small created (dry run)\nvm shop created (dry run)\n")
        #expect(access.writeCount == 0)
    }

    @Test func writesNothingWhereOneDocumentIsWrong() async throws {
        let access = FakeAccess(.ready)
        let text = Self.shop + "\n---\n{kind: vm, name: other, flavour: none, image: debian}"
        let report = try await refusal(text, on: access)
        #expect(report?.status == .usage)
        let words = "wish.yaml, document 3: there is no flavour"
        #expect(report?.errors.contains(words) == true, "\(report?.errors ?? "")")
        #expect(access.writeCount == 0)
    }

    @Test(arguments: [
        ("kind: vn\nname: a", "there is no kind \"vn\", did you mean vm?"),
        ("name: a", "the field kind is missing"), ("kind: vm", "the vm has no name"),
        ("kind: [", "wish.yaml:"), ("- 5", "a document is an object"),
        ("# nothing", "there are no documents"),
        ("{kind: vm, name: a, flavor: tiny, image: i1}", "did you mean flavour?"),
        ("{kind: volume, name: a.root}", "there is no kind \"volume\""),
        (
            "{kind: flavour, name: a, vcpus: 1, ram: 1}\n---\n{kind: flavour, name: tiny, vcpus: 1}",
            "the field ram is missing"
        ),
    ])
    func saysWhatIsWrongWithADocument(text: String, words: String) async throws {
        let report = try await refusal(text, on: FakeAccess(.ready))
        #expect(report?.status == .usage)
        #expect(report?.errors.contains(words) == true, "\(report?.errors ?? "")")
    }

    @Test func pruningDeletesWhatHasTheLabelAndIsInNoDocument() async throws {
        var cluster = Cluster.running
        for (id, labels) in [("v2", #"{"app":"shop"}"#), ("v3", "{}")] {
            cluster.put(
                "desired_vms/\(id)",
                #"{"name":"\#(id)","flavour":"f1","image":"i1","labels":\#(labels)}"#, at: 20)
        }
        let access = FakeAccess(cluster)
        let screen = try await apply(Self.shop, "--prune", "-l", "app=shop", on: access)
        #expect(screen.output.hasSuffix("vm v2 deleted\n"))
        #expect(Set(access.cluster.desiredVMs.keys.map(\.text)) == ["v1", "v3", "new-id-2"])
        let asked = await failure(
            ["apply", "-f", "-", "--prune"], on: FakeAccess(.running))
        #expect(asked?.errors.contains("go together") == true)
    }

    @Test func whatIsPrunedButInUseStaysWithAWarning() async throws {
        var cluster = Cluster.running
        cluster.put(
            "vm_flavours/f1",
            #"{"name":"tiny","vcpus":1,"ram":128,"labels":{"app":"shop"}}"#, at: 20)
        let access = FakeAccess(cluster)
        let screen = try await apply(Self.shop, "--prune", "-l", "app=shop", on: access)
        #expect(screen.output.hasSuffix("flavour tiny kept\n"))
        #expect(screen.errors.contains("flavour tiny is in use by vm web"))
        #expect(access.cluster.flavours[FlavourID(unchecked: "f1")] != nil)
    }

    @Test func aFolderIsAllItsFiles() async throws {
        let folder = try TemporaryFolder([
            "b.yml": "{kind: host, name: n1, labels: {rack: '7'}}",
            "a.json": #"{"kind": "config", "name": "rebalance", "state": "on"}"#,
            "c.txt": "nonsense",
        ])
        defer { #expect(throws: Never.self) { try folder.remove() } }
        let access = FakeAccess(.ready)
        let screen = try await run("apply", "-f", folder.path, "-o", "name", on: access)
        #expect(screen.output == "config/rebalance\nhost/n1\n")
        #expect(access.cluster.rebalancePolicy?.value.state == .on)
        #expect(access.cluster.desiredHosts[HostID(unchecked: "n1")]?.value.labels == ["rack": "7"])
    }

    @Test func losesToWhoeverWasFaster() async throws {
        let access = FakeAccess(
            .running,
            rival: {
                $0.put("desired_vms/v1", #"{"name":"web","flavour":"f2","image":"i1"}"#, at: 40)
            })
        let report = try await refusal(
            "{kind: vm, name: web, flavour: tiny, image: debian, priority: 5}", on: access)
        #expect(report?.status == .conflict)
    }

    @Test func waitsUntilAllOfItIsSo() async throws {
        let access = FakeAccess(
            .ready,
            later: [
                {
                    $0.put(
                        "actual_vms/new-id-2",
                        #"{"host":"n1","state":"running","desired_revision":7}"#, at: 9)
                }
            ])
        _ = try await apply(Self.shop, "--wait", "--timeout", "10s", on: access)
        #expect(access.cluster.actualVMs.count == 1)
    }

    // MARK: diff

    @Test func diffShowsWhatWouldChangeAndExitsWithOne() async throws {
        let folder = try TemporaryFolder([
            "wish.yaml": "{kind: flavour, name: tiny, vcpus: 4, ram: 128}"
        ])
        defer { #expect(throws: Never.self) { try folder.remove() } }
        let screen = FakeScreen()
        let report = await failure(
            ["diff", "-f", folder.path + "/wish.yaml"], on: FakeAccess(.ready), screen: screen)
        #expect(report?.status == .failed && report?.errors == "")
        #expect(
            screen.output == """
                --- flavour tiny as it is wanted
                +++ flavour tiny as the file has it
                @@ -1,3 +1,3 @@
                 name: tiny
                 ram: 128
                -vcpus: 1
                +vcpus: 4

                """)
    }

    @Test func diffIsSilentWhereNothingDiffers() async throws {
        let folder = try TemporaryFolder([
            "wish.yaml": "{kind: flavour, name: tiny, vcpus: 1, ram: 128MiB}"
        ])
        defer { #expect(throws: Never.self) { try folder.remove() } }
        let screen = try await run(
            "diff", "-f", folder.path + "/wish.yaml", on: FakeAccess(.ready))
        #expect(screen.output.isEmpty)
    }

    @Test func aDiffHasHunksWithWhatStandsAround() {
        let old = (1...20).map { "l\($0)" }.joined(separator: "\n")
        let new = old.replacing("l2\n", with: "x\n").replacing("l19\n", with: "")
        #expect(
            UnifiedDiff(old, new).text() == """
                @@ -1,5 +1,5 @@
                 l1
                -l2
                +x
                 l3
                 l4
                 l5
                @@ -16,5 +16,4 @@
                 l16
                 l17
                 l18
                -l19
                 l20

                """)
        #expect(UnifiedDiff(old, old).isEmpty)
        #expect(UnifiedDiff("", "a\n").text() == "@@ -0,0 +1,1 @@\n+a\n")
    }

    // MARK: vm create -f

    @Test func aVMIsCreatedFromAFileThatTheCommandLineOverrules() async throws {
        let folder = try TemporaryFolder([
            "vm.yaml": "{name: a, flavour: tiny, image: debian, state: stop, priority: 3}"
        ])
        defer { #expect(throws: Never.self) { try folder.remove() } }
        let access = FakeAccess(.ready)
        _ = try await run(
            "vm", "create", "b", "-f", folder.path + "/vm.yaml", "--flavour", "huge", "--label",
            "x=y", on: access)
        let made = try #require(vm("new-id", access))
        #expect(made.name.text == "b" && made.flavour == "f2" && made.image == "i1")
        #expect(made.state == .stop && made.placement.priority == 3 && made.labels == ["x": "y"])
    }
}

@Suite struct YAMLDocumentsTests {
    @Test func plainWordsAreWhatTheCoreSchemaSays() throws {
        let text = """
            a: yes
            b: true
            c: 12
            d: "12"
            e: 1.5
            f: 2027-01-15T07:55:00.000Z
            g: ~
            h: 1.2.3
            i: -
            """
        let values = try YAMLDocuments.read(text.replacing("i: -", with: "i: e"), file: "f")
        #expect(
            values == [
                .object([
                    "a": .string("yes"), "b": .bool(true), "c": .integer(12), "d": .string("12"),
                    "e": .number(1.5), "f": .string("2027-01-15T07:55:00.000Z"), "g": .null,
                    "h": .string("1.2.3"), "i": .string("e"),
                ])
            ])
    }

    @Test func aliasesOfAliasesAreRefused() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...8 {
            let inner = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(inner)]\n"
        }
        #expect(throws: CommandFailure.self) { try YAMLDocuments.read(text, file: "f") }
    }

    @Test func everyRecordSurvivesTheWayThroughAnEditor() throws {
        let record = JSONValue.object([
            "texts": .array(
                ["yes", "null", "~", "12", "1.5", "", " a", "a: b", "#x", "0x1f", "é\n", "'", "-"]
                    .map { .string($0) }),
            "number": .integer(7), "half": .number(0.5), "flag": .bool(false),
        ])
        #expect(try YAMLDocuments.read(try record.yaml(), file: "f") == [record])
    }
}
