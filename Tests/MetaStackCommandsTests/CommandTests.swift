import ArgumentParser
import Foundation
import MetaStackModel
import Testing

@testable import MetaStackCommands
@testable import MetaStackManagement

@Suite struct CommandTests {
    static let id = VMID(unchecked: "v1")

    @Test func createsAVMThatNamesFlavourAndImageByID() async throws {
        let access = FakeAccess(.ready)
        let screen = try await run(
            "vm", "create", "web", "--flavour", "tiny", "--image", "debian", on: access)
        let stored = try #require(access.cluster.desiredVMs[VMID(unchecked: "new-id")])
        #expect(stored.value.name.text == "web")
        #expect(stored.value.flavour == "f1")
        #expect(stored.value.image == "i1")
        #expect(stored.value.state == .start)
        #expect(stored.value.createdAt == now)
        #expect(screen.output == "created vm web (new-id)\n")
        #expect(screen.errors.isEmpty)
    }

    @Test func quietNamesTheIDAloneAndJSONGivesTheRecord() async throws {
        let quiet = try await run(
            "vm", "create", "web", "--flavour", "f1", "--image", "i1", "--stopped", "-q",
            on: FakeAccess(.ready))
        #expect(quiet.output == "new-id\n")
        let json = try await run(
            "vm", "create", "web", "--flavour", "f1", "--image", "i1", "--stopped", "-o", "json",
            on: FakeAccess(.ready))
        let value = try JSONDecoder().decode(JSONValue.self, from: Data(json.output.utf8))
        guard case .object(let fields) = value, case .object(let record)? = fields["record"] else {
            Issue.record("no record in \(json.output)")
            return
        }
        #expect(fields["id"] == .string("new-id"))
        #expect(fields["revision"] == .integer(6))
        #expect(record["state"] == .string("stop"))
    }

    @Test func refusesUnknownAndTakenNames() async {
        let flavour = await failure(
            "vm", "create", "a", "--flavour", "tin", "--image", "debian", on: FakeAccess(.ready))
        #expect(flavour?.status == .notFound)
        #expect(flavour?.errors == "metastack: there is no flavour \"tin\", did you mean tiny?")
        let image = await failure(
            "vm", "create", "a", "--flavour", "tiny", "--image", "xx", on: FakeAccess(.ready))
        #expect(image?.errors == "metastack: there is no image \"xx\", known are debian")
        let taken = await failure(
            "vm", "create", "web", "--flavour", "tiny", "--image", "debian",
            on: FakeAccess(.running))
        #expect(taken?.status == .conflict)
    }

    @Test func losesWithoutWritingWhenAFlavourGoesMeanwhile() async {
        let access = FakeAccess(.ready, rival: { $0.remove("vm_flavours/f1") })
        let report = await failure(
            "vm", "create", "a", "--flavour", "tiny", "--image", "debian", on: access)
        #expect(report?.status == .conflict)
        #expect(access.writeCount == 0)
    }

    @Test func warnsOfAHostThatIsNotLive() async throws {
        let screen = try await run(
            "vm", "create", "a", "--flavour", "f1", "--image", "i1", "--host", "n2",
            on: FakeAccess(.ready))
        #expect(screen.errors.contains("host n2 is not live"))
        #expect(screen.errors.contains("did you mean n1?"))
    }

    @Test func startWaitsUntilAClaimHasSeenTheWish() async throws {
        var cluster = Cluster.running
        cluster.put(
            "desired_vms/v1", #"{"name":"web","flavour":"f1","image":"i1","state":"stop"}"#, at: 10)
        cluster.remove("actual_vms/v1")
        let stopped = cluster
        func access() -> FakeAccess {
            FakeAccess(
                stopped,
                later: [
                    { $0.claim("starting", actedOn: 13) }, { $0.claim("running", actedOn: 13) },
                ])
        }
        let terminal = access()
        let screen = try await run("vm", "start", "web", "--wait", on: terminal, isTerminal: true)
        #expect(terminal.cluster.desiredVMs[Self.id]?.value.state == .start)
        #expect(screen.output == "asked for vm web to be running\nvm web is running\n")
        #expect(screen.errors.contains("\rvm web: starting on n1\u{1b}[K"))
        #expect(screen.errors.hasSuffix("\r\u{1b}[K"))
        // A file or a pipe is told nothing of it.
        let piped = try await run("vm", "start", "web", "--wait", on: access())
        #expect(piped.errors.isEmpty && piped.output == screen.output)
    }

    @Test func startWritesNothingWhereItIsSoAndAgainWhereTheGuestEnded() async throws {
        let running = FakeAccess(.running)
        _ = try await run("vm", "start", "web", "--wait", on: running)
        #expect(running.writeCount == 0)
        var cluster = Cluster.running
        cluster.claim("stopped")
        let ended = FakeAccess(cluster)
        _ = try await run("vm", "start", "web", on: ended)
        #expect(ended.writeCount == 1)
    }

    @Test func waitingEndsWithTheFailureOrWithTheTime() async {
        let failing = FakeAccess(
            .ready,
            later: [
                {
                    $0.put(
                        "actual_vms/new-id",
                        #"{"host":"n1","state":"failed","desired_revision":6,"#
                            + #""desired_create_revision":6,"message":"no disk"}"#, at: 8)
                }
            ])
        let failed = await failure(
            "vm", "create", "a", "--flavour", "f1", "--image", "i1", "--wait", on: failing)
        #expect(failed?.status == .failed)
        #expect(failed?.errors == "metastack: vm a failed: no disk")
        let late = await failure(
            "vm", "create", "a", "--flavour", "huge", "--image", "i1", "--wait", "--timeout",
            "10ms", on: FakeAccess(.ready))
        #expect(late?.status == .timedOut)
        #expect(late?.errors.contains("no host can take it: n1: needs 65536 MiB") == true)
    }

    @Test func stopLosesToSomebodyElsesChange() async {
        let access = FakeAccess(
            .running,
            rival: {
                $0.put(
                    "desired_vms/v1", #"{"name":"web","flavour":"f2","image":"i1"}"#, at: 20)
            })
        let report = await failure("vm", "stop", "web", on: access)
        #expect(report?.status == .conflict)
        #expect(access.cluster.desiredVMs[Self.id]?.value.state == .start)
    }

    @Test func changesKeepFieldsThatThisVersionDoesNotKnow() async throws {
        var cluster = Cluster.running
        cluster.put(
            "desired_vms/v1", #"{"name":"web","flavour":"f1","image":"i1","colour":7}"#, at: 10)
        let access = FakeAccess(cluster)
        _ = try await run("vm", "stop", "v1", on: access)
        #expect(access.cluster.desiredVMs[Self.id]?.value.rest["colour"] == .integer(7))
    }

    @Test func deleteWaitsForClaimAndVolumes() async throws {
        let access = FakeAccess(
            .running,
            later: [{ $0.remove("actual_vms/v1") }, { $0.remove("volumes/v1.root") }])
        let screen = try await run("vm", "delete", "web", "--wait", on: access)
        #expect(screen.output == "deleted vm web\nvm web is gone\n")
        #expect(access.cluster.volumes.isEmpty)
    }

    @Test func deletesARecordThatNobodyCanRead() async throws {
        var cluster = Cluster.ready
        cluster.put("desired_vms/bad", "nonsense", at: 20)
        let access = FakeAccess(cluster)
        _ = try await run("vm", "delete", "bad", on: access)
        #expect(access.cluster.malformed.isEmpty)
    }

    @Test func keepsFlavoursAndImagesThatVMsUse() async {
        for kind in [("flavour", "tiny"), ("image", "debian")] {
            let access = FakeAccess(.running)
            let report = await failure(kind.0, "delete", kind.1, on: access)
            #expect(report?.status == .conflict)
            #expect(
                report?.errors
                    == "metastack: \(kind.0) \(kind.1) is in use by vm web, delete those first")
            #expect(access.writeCount == 0)
        }
    }

    @Test func addsAndDeletesAFlavour() async throws {
        let access = FakeAccess(.ready)
        _ = try await run(
            "flavour", "add", "small", "--vcpus", "2", "--ram", "1GiB", "--disk", "10GiB",
            on: access)
        let flavour = access.cluster.flavours[FlavourID(unchecked: "new-id")]?.value
        #expect(flavour?.ram.count == 1024)
        #expect(flavour?.disk?.count == 10_240)
        _ = try await run("flavour", "delete", "small", on: access)
        #expect(access.cluster.flavours[FlavourID(unchecked: "new-id")] == nil)
    }

    @Test func everyListAndShowSpeaksAllFormats() async throws {
        let verbs = [
            ["vm", "list"], ["vm", "show", "web"], ["image", "list"], ["image", "show", "debian"],
            ["flavour", "list"], ["flavour", "show", "tiny"], ["host", "list"],
            ["host", "show", "n1"], ["volume", "list"], ["volume", "show", "web.root"],
        ]
        for verb in verbs {
            for format in ["table", "wide", "json", "yaml", "name"] {
                let screen = FakeScreen()
                let parsed = try await MetaStackCommand.parsed(verb + ["-o", format])
                let command = try #require(parsed as? any ClusterCommand)
                try await command.perform(
                    in: CommandSession(
                        access: FakeAccess(.running), screen: screen.screen(isTerminal: false),
                        format: command.global.output, quiet: false, now: { now },
                        newID: { "x" }))
                #expect(screen.output.hasSuffix("\n"))
                if format == "json" {
                    _ = try JSONDecoder().decode(
                        JSONValue.self, from: Data(screen.output.utf8))
                }
            }
        }
    }
}
