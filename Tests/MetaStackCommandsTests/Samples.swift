import ArgumentParser
import Foundation
import MetaStackModel
import Synchronization
import Testing

@testable import MetaStackCommands
@testable import MetaStackManagement

/// The moment at which all tests take place.
let now = Timestamp(milliseconds: 1_800_000_000_000)

extension Cluster {
    /// Puts a record as somebody else would: by its key and its JSON.
    mutating func put(_ path: String, _ json: String, at revision: Int64, lease: Int64? = nil) {
        apply(
            RawRecord(
                path: path, json: Data(json.utf8), revision: Revision(revision),
                createRevision: Revision(revision), lease: lease.map { LeaseNumber($0) }))
    }

    mutating func remove(_ path: String) {
        apply(RawRecord(path: path, json: nil, revision: revision, createRevision: revision))
    }

    /// One host, a flavour and an image that is ready; no VM.
    static var ready: Cluster {
        var cluster = Cluster()
        cluster.put("vm_flavours/f1", #"{"name":"tiny","vcpus":1,"ram":128}"#, at: 1)
        cluster.put("vm_flavours/f2", #"{"name":"huge","vcpus":1,"ram":"64GiB"}"#, at: 2)
        cluster.put("images/i1", #"{"name":"debian","url":"https://example.org/d.img"}"#, at: 3)
        cluster.put(
            "actual_images/i1",
            #"{"host":"n1","state":"ready","desired_revision":3,"pool":"images","#
                + #""rbd_image":"i1.3","snapshot":"base","size":48}"#, at: 4)
        cluster.put(
            "hosts/n1",
            #"{"name":"n1","total_ram":8192,"reserved_ram":1024,"total_vcpu":4,"version":"0.1.0","#
                + #""hypervisor":"QEMU 7.2","since":"2027-01-15T07:00:00.000Z"}"#, at: 5, lease: 7)
        return cluster
    }

    /// The same with a VM that runs.
    static var running: Cluster {
        var cluster = Cluster.ready
        cluster.put(
            "desired_vms/v1",
            #"{"name":"web","flavour":"f1","image":"debian","state":"start","#
                + #""created_at":"2027-01-15T07:55:00.000Z"}"#, at: 10)
        cluster.claim("running")
        cluster.put(
            "volumes/v1.root",
            #"{"pool":"vms","image":"v1.10","size":48,"vm":"v1","vm_create_revision":10,"#
                + #""source":"i1","provisioned":true}"#, at: 11)
        return cluster
    }

    /// A claim of host n1 on v1 that acted on its desired record of a revision.
    mutating func claim(
        _ state: String, actedOn revision: Int64 = 10, message: String? = nil
    ) {
        let extra = message.map { ",\"message\":\"\($0)\"" } ?? ""
        put(
            "actual_vms/v1",
            #"{"host":"n1","state":"\#(state)","incarnation":11,"desired_revision":\#(revision),"#
                + #""desired_create_revision":10,"ram":128,"vcpus":1,"#
                + #""since":"2027-01-15T07:58:00.000Z","console":"/c/v1.log""#
                + extra + "}", at: max(self.revision.number, 12), lease: 7)
    }
}

/// Parses and runs a command against a fake store.
@discardableResult
func run(
    _ arguments: String..., on access: FakeAccess, isTerminal: Bool = false
) async throws -> FakeScreen {
    try await run(arguments, on: access, isTerminal: isTerminal)
}

/// The same for arguments in a list.
///
/// - Parameter answers: what a person types when asked; nil where nobody is there.
@discardableResult
func run(
    _ arguments: [String], on access: FakeAccess, isTerminal: Bool = false,
    answers: [String]? = nil
) async throws -> FakeScreen {
    let screen = FakeScreen(answers: answers)
    try await perform(arguments, on: access, screen, isTerminal: isTerminal)
    return screen
}

/// Parses and runs a command that meets a given screen and a given person.
func perform(
    _ arguments: [String], on access: FakeAccess, _ screen: FakeScreen, isTerminal: Bool,
    editor: Editor = Editor { _ in }
) async throws {
    let parsed = try await MetaStackCommand.parsed(arguments)
    let command = try #require(parsed as? any ClusterCommand)
    let made = Mutex(0)
    let newID: @Sendable () -> String = {
        let number = made.withLock { made in
            made += 1
            return made
        }
        return number == 1 ? "new-id" : "new-id-\(number)"
    }
    let session = CommandSession(
        access: access, screen: screen.screen(isTerminal: isTerminal),
        format: command.global.output, quiet: command.global.quiet, now: { now },
        newID: newID, editor: editor, user: "tester")
    try await command.perform(in: session)
}

/// The failure with which a command must end.
func failure(_ arguments: String..., on access: FakeAccess) async -> FailureReport? {
    await failure(arguments, on: access)
}

/// The same for arguments in a list.
func failure(
    _ arguments: [String], on access: FakeAccess, answers: [String]? = nil,
    screen: FakeScreen? = nil
) async -> FailureReport? {
    do {
        try await perform(
            arguments, on: access, screen ?? FakeScreen(answers: answers), isTerminal: false)
        Issue.record("\(arguments) succeeded")
        return nil
    } catch {
        return FailureReport(error, parsing: MetaStackCommand.self)
    }
}
