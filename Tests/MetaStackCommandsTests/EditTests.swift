import ArgumentParser
import Foundation
import MetaStackModel
import Synchronization
import Testing

@testable import MetaStackCommands
@testable import MetaStackManagement

/// A person with an editor: changes the text a bit more each time it is shown.
private final class Typist: Sendable {
    private let state: Mutex<(steps: [@Sendable (String) -> String], seen: [String])>

    init(_ steps: (@Sendable (String) -> String)...) { state = Mutex((steps, [])) }

    /// The texts that were shown.
    var seen: [String] { state.withLock(\.seen) }

    var editor: Editor {
        Editor { path in
            let text = try String(contentsOfFile: path, encoding: .utf8)
            let step = self.state.withLock { state -> (@Sendable (String) -> String)? in
                state.seen.append(text)
                return state.steps.isEmpty ? nil : state.steps.removeFirst()
            }
            try (step?(text) ?? text).write(toFile: path, atomically: false, encoding: .utf8)
        }
    }
}

@Suite struct EditTests {
    private func edit(
        _ arguments: [String] = ["vm", "edit", "web"], on access: FakeAccess, _ typist: Typist
    ) async throws -> FakeScreen {
        let screen = FakeScreen()
        try await perform(
            arguments, on: access, screen, isTerminal: false, editor: typist.editor)
        return screen
    }

    private func vm(_ access: FakeAccess) -> DesiredVM? {
        access.cluster.desiredVMs[VMID(unchecked: "v1")]?.value
    }

    @Test func writesWhatWasTyped() async throws {
        let access = FakeAccess(.running)
        let typist = Typist({ $0 + "priority: 5\n" })
        let screen = try await edit(on: access, typist)
        #expect(vm(access)?.placement.priority == 5)
        #expect(screen.output == "vm web is changed\n")
        #expect(typist.seen[0].hasPrefix("# vm v1: save to write it"))
        #expect(typist.seen[0].contains("\nname: web\n"))
    }

    @Test func writesNothingWhereNothingWasTyped() async throws {
        for typist in [Typist({ $0 }), Typist({ _ in "" }), Typist({ $0 + "# a thought\n" })] {
            let access = FakeAccess(.running)
            let screen = try await edit(on: access, typist)
            #expect(screen.output == "nothing was changed\n")
            #expect(access.writeCount == 0)
        }
    }

    @Test func showsATextThatCannotBeWrittenAgainWithTheReason() async throws {
        let access = FakeAccess(.running)
        let typist = Typist(
            { $0 + "priorty: 5\n" }, { $0 + "x: [\n" },
            { $0.replacing("priorty", with: "priority").replacing("x: [\n", with: "") })
        _ = try await edit(on: access, typist)
        #expect(typist.seen[1].contains("did you mean priority?"))
        #expect(typist.seen[1].contains("\npriorty: 5\n"))
        #expect(typist.seen[2].hasPrefix("# it cannot be written: the text:"))
        #expect(!typist.seen[2].contains("did you mean"))
        #expect(vm(access)?.placement.priority == 5)
    }

    @Test func givingUpKeepsTheTextInAFile() async throws {
        let access = FakeAccess(.running)
        let failure = await #expect(throws: CommandFailure.self) {
            try await edit(on: access, Typist({ $0 + "wrong: 5\n" }))
        }
        let words = try #require(failure?.description)
        let path = try #require(words.split(separator: " ").last.map(String.init))
        #expect(try String(contentsOfFile: path, encoding: .utf8).contains("wrong: 5"))
        try FileManager.default.removeItem(atPath: path)
        #expect(access.writeCount == 0)
    }

    @Test func showsWhatSomebodyElseChangedMeanwhile() async throws {
        let rivals = Mutex(1)
        let access = FakeAccess(
            .running,
            rival: { cluster in
                let isFirst = rivals.withLock { left in
                    defer { left -= 1 }
                    return left > 0
                }
                guard isFirst else { return }
                cluster.put(
                    "desired_vms/v1",
                    #"{"name":"web","flavour":"f2","image":"debian","state":"start"}"#, at: 40)
            })
        let typist = Typist({ $0 + "priority: 5\n" }, { $0 + "goes_back: true\n" })
        _ = try await edit(on: access, typist)
        #expect(typist.seen[1].contains("somebody else changed it meanwhile"))
        #expect(typist.seen[1].contains("# -flavour: f1\n# +flavour: f2\n"))
        #expect(typist.seen[1].contains("\npriority: 5\n"))
        #expect(vm(access)?.placement.priority == 5)
        #expect(vm(access)?.moves.goesBack == true)
    }

    @Test func hostsAndSettingsAreEditedBeforeAnybodyWantedAnything() async throws {
        let access = FakeAccess(.ready)
        _ = try await edit(
            ["host", "edit", "n1"], on: access, Typist({ _ in "labels: {rack: '7'}\n" }))
        #expect(access.cluster.desiredHosts[HostID(unchecked: "n1")]?.value.labels == ["rack": "7"])
        _ = try await edit(
            ["config", "edit", "syslog_server"], on: access,
            Typist({ _ in "server: tcp://a:514\n" }))
        #expect(access.cluster.syslogServer?.value.server == .tcp(host: "a", port: 514))
    }

    @Test func theEditorIsWhatTheEnvironmentSays() {
        #expect(Editor.command([:]) == ["vi"])
        #expect(Editor.command(["EDITOR": "nano"]) == ["nano"])
        #expect(Editor.command(["EDITOR": "nano", "VISUAL": "code --wait"]) == ["code", "--wait"])
    }
}

@Suite struct SetTests {
    private func set(_ arguments: String...) async throws -> DesiredVM? {
        let access = FakeAccess(.running)
        try await run(["vm", "set", "web"] + arguments, on: access)
        return access.cluster.desiredVMs[VMID(unchecked: "v1")]?.value
    }

    @Test func setsFieldsAsTheirKindsWantThem() async throws {
        let vm = try await set(
            "priority=5", "labels.a.b=1", "labels.c=true", "offline_moves=true", "flavour=huge",
            "groups={db: anti-affinity}", "host=n1")
        #expect(vm?.placement.priority == 5)
        #expect(vm?.labels == ["a.b": "1", "c": "true"])
        #expect(vm?.moves.offline == true)
        #expect(vm?.flavour == "f2")
        #expect(vm?.placement.groups == ["db": .antiAffinity])
        #expect(vm?.host?.text == "n1")
    }

    @Test func nullAndAMinusRemove() async throws {
        let access = FakeAccess(.running)
        try await run("vm", "set", "web", "labels.a=1", "labels.b=2", "host=n1", on: access)
        try await run("vm", "set", "web", "labels.a-", "host=null", on: access)
        let vm = access.cluster.desiredVMs[VMID(unchecked: "v1")]?.value
        #expect(vm?.labels == ["b": "2"] && vm?.host == nil)
    }

    @Test func whatIsSoAlreadyIsNotWritten() async throws {
        let access = FakeAccess(.running)
        let screen = try await run("flavour", "set", "tiny", "ram=128MiB", on: access)
        #expect(screen.output == "flavour tiny is so already\n")
        #expect(access.writeCount == 0)
    }

    @Test(arguments: [
        (["vm", "set", "web", "priorty=5"], "did you mean priority?"),
        (["vm", "set", "web", "priority=high"], "must be a whole number"),
        (["vm", "set", "web", "flavour=tin"], "did you mean tiny?"),
        (["vm", "set", "web", "priority"], "is no KEY=VALUE"),
        (["vm", "set", "web", "=5"], "names no field"),
        (["flavour", "set", "tiny", "vcpus=0"], "must be between 1 and"),
        (["image", "set", "debian", "url=ftp://x"], "must begin with https://"),
    ])
    func refusesWhatARecordMayNotSay(arguments: [String], words: String) async {
        let access = FakeAccess(.running)
        let report = await failure(arguments, on: access)
        #expect(report?.errors.contains(words) == true, "\(report?.errors ?? "")")
        #expect(access.writeCount == 0)
    }

    @Test func losesToWhoeverWasFaster() async {
        let access = FakeAccess(
            .running,
            rival: {
                $0.put("desired_vms/v1", #"{"name":"web","flavour":"f2","image":"i1"}"#, at: 40)
            })
        let report = await failure("vm", "set", "web", "priority=5", on: access)
        #expect(report?.status == .conflict)
        #expect(access.cluster.desiredVMs[VMID(unchecked: "v1")]?.value.flavour == "f2")
    }

    @Test func hostsAreSetByFieldsAndByOptions() async throws {
        let access = FakeAccess(.ready)
        try await run(
            "host", "set", "n1", "ram_overcommit=1.5", "--label", "rack=7", on: access)
        try await run("host", "set", "n1", "reason=for later", "--label", "rack=", on: access)
        let host = access.cluster.desiredHosts[HostID(unchecked: "n1")]?.value
        #expect(host?.ramOvercommit.percent == 150)
        #expect(host?.labels == [:] && host?.reason == "for later")
    }

    @Test func settingsComeAndGo() async throws {
        let access = FakeAccess(.ready)
        let made = try await run(
            "config", "set", "rebalanec", "state=on", "threshold_percent=5", on: access)
        #expect(made.errors.contains("did you mean rebalance?"))
        try await run("config", "set", "rebalance", "state=on", on: access)
        #expect(access.cluster.rebalancePolicy?.value.state == .on)
        let wrong = await failure("config", "set", "rebalance", "state=maybe", on: access)
        #expect(wrong?.status == .usage)
        let listed = try await run("config", "list", "-o", "name", on: access)
        #expect(listed.output == "rebalance\nrebalanec\n")
        let shown = try await run("config", "show", "rebalance", on: access)
        #expect(shown.output.contains("threshold_percent: 20\n"))
        try await run("config", "unset", "rebalanec", on: access)
        try await run("config", "unset", "rebalance", on: access)
        #expect(access.cluster.globalConfig.isEmpty && access.cluster.rebalancePolicy == nil)
    }
}
