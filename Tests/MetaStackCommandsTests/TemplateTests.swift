import MetaStackModel
import Testing

@testable import MetaStackCommands
@testable import MetaStackManagement

@Suite struct TemplateTests {
    private static let document = JSONValue.object([
        "items": .array([
            .object([
                "name": .string("web"), "cores": .integer(2), "up": .bool(true),
                "labels": .object(["a.b": .string("x")]), "none": .null,
            ]),
            .object(["name": .string("d\u{1b}b\n"), "cores": .number(1.5)]),
        ])
    ])

    @Test(arguments: [
        ("{.items[0].name}", "web"), ("{.items[*].cores}", "2 1.5"),
        ("{.items[-1].cores}", "1.5"), ("{.items[7].name}", ""), ("{.items[0].none}!", "!"),
        ("{.items[0].labels['a.b']}", "x"), ("{.items[0].labels}", #"{"a.b":"x"}"#),
        ("{range .items[*]}{.name}\\t{.cores}{\"\\n\"}{end}", "web\t2\nd\\u{1b}b \t1.5\n"),
        ("{ .items[0].up }", "true"), ("plain\\n", "plain\n"), ("{\"}\"}", "}"),
    ])
    func isFilledFromADocument(template: String, text: String) throws {
        #expect(try Template(template).text(of: Self.document) == text)
    }

    @Test(arguments: ["{.a", "{end}", "{range .a}x", "{a}", "{.a..b}", "{.a[x]}", "{.a[1}"])
    func isRefusedWhereItIsWrong(template: String) {
        #expect(throws: (any Error).self) { try Template(template) }
    }

    @Test func listsAreItemsToIt() async throws {
        let screen = try await run(
            "vm", "list", "-o", "template={range .items[*]}{.name}={.status}\\n{end}",
            on: FakeAccess(.running))
        #expect(screen.output == "web=running\n")
        let shown = try await run(
            "vm", "show", "web", "-o", "jsonpath={.desired.record.name}", on: FakeAccess(.running))
        #expect(shown.output == "web\n")
    }

    @Test func anUnknownFormatIsUsageWithAGuess() async {
        let report = await failure("vm", "list", "-o", "jsn", on: FakeAccess(.running))
        #expect(report?.status == .usage)
        #expect(report?.errors.contains("did you mean json?") == true)
        let broken = await failure("vm", "list", "-o", "template={.a", on: FakeAccess(.running))
        #expect(broken?.errors.contains("a } is missing") == true)
    }
}

@Suite struct ColourTests {
    private let listing = Cluster.running.vmListing(at: now)

    @Test func statesHaveColoursOnlyWhereTheyAreWanted() throws {
        let plain = try Renderer(format: .table, hasColours: false).text(of: listing)
        let coloured = try Renderer(format: .table, hasColours: true).text(of: listing)
        #expect(!plain.contains("\u{1b}"))
        #expect(coloured.contains("\u{1b}[32mrunning\u{1b}[0m"))
        #expect(
            coloured.replacing("\u{1b}[32m", with: "").replacing("\u{1b}[0m", with: "") == plain)
        #expect(
            try !Renderer(format: .json, hasColours: true).text(of: listing).contains("\u{1b}"))
    }

    @Test func everyStateHasAColour() {
        let words =
            VMStatus.Word.allCases.map(\.rawValue) + ImageStatus.Word.allCases.map(\.rawValue)
            + HostStatus.allCases.map(\.rawValue)
        for word in words { #expect(StateColour(state: word) != nil, "\(word)") }
    }

    @Test func theEnvironmentCanSwitchColoursOff() {
        #expect(Screen.allowsColours([:]))
        #expect(Screen.allowsColours(["NO_COLOR": "", "TERM": "xterm"]))
        #expect(!Screen.allowsColours(["NO_COLOR": "1"]))
        #expect(!Screen.allowsColours(["TERM": "dumb"]))
    }
}
