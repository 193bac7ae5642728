import ArgumentParser
import MetaStackModel
import Testing

@testable import MetaStackCommands
@testable import MetaStackManagement

@Suite struct CompletionTests {
    @Test func completesTheNamesOfEachKind() {
        func names(_ kind: ResourceKind, _ prefix: String = "") -> [String] {
            NameCompletion.names(kind, in: .running, beginning: prefix)
        }
        #expect(names(.vm) == ["web"])
        #expect(names(.host) == ["n1"])
        #expect(names(.image, "deb") == ["debian"])
        #expect(names(.flavour) == ["huge", "tiny"])
        #expect(names(.flavour, "t") == ["tiny"])
        #expect(names(.volume) == ["web.root"])
        #expect(names(.vm, "x").isEmpty)
    }

    @Test func completesNetworksGroupsAndAddresses() {
        var cluster = Cluster.ready
        cluster.put("networks/n1", #"{"name":"blue","vni":70}"#, at: 6)
        cluster.put("security_groups/g1", #"{"name":"web"}"#, at: 6)
        cluster.put(
            "addresses/n1/10.7.0.5",
            #"{"vm":"v1","vm_create_revision":7,"mac":"02:00:5e:10:00:01"}"#, at: 8)
        for (kind, name) in [
            (ResourceKind.network, "blue"), (.securityGroup, "web"), (.address, "10.7.0.5"),
        ] {
            #expect(NameCompletion.names(kind, in: cluster, beginning: "") == [name])
        }
    }

    @Test func readsOnTheLineWhereTheClusterIs() {
        let words = [
            "metastack", "vm", "show", "--config", "/c.yaml", "--endpoints=http://a:1", "we",
        ]
        let options = NameCompletion(.vm, words).options
        #expect(options?.config == "/c.yaml" && options?.endpoints == "http://a:1")
        #expect(NameCompletion(.vm, ["metastack", "--endpoints"]).options != nil)
    }

    @Test func saysNothingWhereThereIsNoCluster() async {
        let words = ["metastack", "vm", "show", "--endpoints", "http://127.0.0.1:9", "w"]
        #expect(await NameCompletion(.vm, words).candidates(beginning: "w").isEmpty)
        let file = ["metastack", "vm", "show", "--config", "/no/such/file.yaml", "w"]
        #expect(await NameCompletion(.vm, file).candidates(beginning: "w").isEmpty)
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func everyShellHasAScriptThatAsksForNames(shell: String) async throws {
        let parsed = try await MetaStackCommand.parsed(["completion", shell])
        let command = try #require(parsed as? CompletionCommand)
        let script = MetaStackCommand.completionScript(for: command.shell)
        #expect(script.contains("---completion") && script.contains("takeover"))
        await #expect(throws: (any Error).self) {
            try await MetaStackCommand.parsed(["completion", "tcsh"])
        }
    }
}

@Suite struct ManualTests {
    @Test func everyCommandHasItsPlaceInThePages() async throws {
        let tree = try await CommandTree.metastack()
        let pages = ManualPage.all(tree)
        #expect(pages.map(\.fileName).contains("metastack-vm.1"))
        for (noun, page) in zip(tree.command.verbs, pages.dropFirst()) {
            // A plain one is a hyphen to troff, at which it breaks words.
            let name = noun.commandName.replacing("-", with: "\\-")
            #expect(pages[0].text.contains("metastack\\-\(name)(1)"))
            for verb in noun.verbs {
                #expect(page.text.contains(".SS \(name) \(verb.commandName)\n"))
            }
        }
    }

    @Test func optionsStandWithTheirMeaning() async throws {
        let pages = ManualPage.all(try await CommandTree.metastack())
        let vm = try #require(pages.first { $0.name == "metastack-vm" })
        #expect(
            vm.text.contains(
                ".TP\n.B \\-\\-flavour <name>\nIts size: a flavour.\n"))
        #expect(vm.text.contains(".B \\-l, \\-\\-selector <labels>\n"))
        #expect(vm.text.contains(".B metastack vm show\n[options] <name>\n"))
    }

    @Test func verbsOfVerbsAreThereToo() async throws {
        let pages = ManualPage.all(try await CommandTree.metastack())
        let vm = try #require(pages.first { $0.name == "metastack-vm" })
        #expect(vm.text.contains(".SS vm nic\n") && vm.text.contains(".SS vm nic attach\n"))
        #expect(vm.text.contains(".B metastack vm nic attach\n[options] <vm> <nic>\n"))
    }

    @Test func noLineOfTextIsTakenForARequest() async throws {
        let requests: Set = ["TH", "SH", "SS", "PP", "TP", "B", "nf", "fi"]
        for page in ManualPage.all(try await CommandTree.metastack()) {
            for line in page.text.split(separator: "\n") where line.hasPrefix(".") {
                let word = line.dropFirst().prefix { $0 != " " }
                #expect(requests.contains(String(word)), "\(page.name): \(line)")
            }
            #expect(!page.text.contains("\n'"))
        }
    }
}
