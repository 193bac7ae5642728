import Foundation
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

@testable import MetaStackCommands

/// What real shells offer.
@Suite(.serialized) struct ShellTests {
    /// A shell over an etcd with two VMs and two hosts.
    private static func run(
        _ kind: Shell.Kind, _ body: @Sendable (Shell) async throws -> Void
    ) async throws {
        let home = try TemporaryDirectory(prefix: "metastack-shell")
        defer { home.remove() }
        try await EtcdServer.run { etcd in
            try await etcd.withClient { client in
                let store = ClusterStore(client: client, prefix: "/metastack")
                for name in ["web", "web-2"] {
                    let vm = DesiredVM(
                        name: try ResourceName(name), flavour: "small", image: "debian",
                        state: .start)
                    _ = try await store.write([.put(.desiredVM(try VMID(name)), vm)], if: [])
                }
                for name in ["host1", "host2"] {
                    let host = DesiredHost()
                    _ = try await store.write([.put(.desiredHost(try HostID(name)), host)], if: [])
                }
            }
            try await body(Shell(kind, over: etcd.clientURL, home: home))
        }
    }

    @Test(arguments: Shell.Kind.allCases)
    func nounsVerbsAndOptionsAreOffered(kind: Shell.Kind) async throws {
        try await Self.run(kind) { shell in
            let nouns = try await shell.candidates("metastack ")
            #expect(Set(nouns).isSuperset(of: ["vm", "host", "image", "doctor", "apply"]))
            #expect(try await shell.candidates("metastack ho") == ["host"])
            let verbs = try await shell.candidates("metastack vm ")
            #expect(Set(verbs).isSuperset(of: ["create", "show", "move", "edit", "set"]))
            let options = try await shell.candidates("metastack vm create new --fl")
            #expect(options.map { $0.prefix(9) } == ["--flavour"])
            let formats = try await shell.candidates("metastack vm list -o ")
            #expect(Set(formats).isSuperset(of: ["table", "wide", "json", "yaml", "name"]))
        }
    }

    @Test(arguments: Shell.Kind.allCases)
    func namesAreAskedOfTheCluster(kind: Shell.Kind) async throws {
        try await Self.run(kind) { shell in
            let cases: [(String, [String])] = [
                ("metastack vm show ", ["web", "web-2"]),
                ("metastack vm delete web-", ["web-2"]),
                ("metastack host maintenance ", ["host1", "host2"]),
                ("metastack vm create new --host ", ["host1", "host2"]),
                ("metastack explain web --lost host", ["host1", "host2"]),
                ("metastack event list --vm w", ["web", "web-2"]),
                ("metastack vm show nothing-begins-so", []),
            ]
            for (line, expected) in cases {
                let found = try await answer(shell, line, expected)
                #expect(found == expected, "\(line)")
            }
        }
    }

    @Test(arguments: [Shell.Kind.zsh, .fish])
    func namesAreOfferedBehindAnEqualsSign(kind: Shell.Kind) async throws {
        try await Self.run(kind) { shell in
            let found = try await answer(
                shell, "metastack vm create new --host=h", ["host1", "host2"])
            // fish names the whole word.
            #expect(found.map { $0.replacing("--host=", with: "") } == ["host1", "host2"])
        }
    }

    /// Whoever presses the key waits for a second at most, which a machine that is busy can exceed: then
    /// the key is pressed again.
    private func answer(
        _ shell: Shell, _ line: String, _ expected: [String]
    ) async throws -> [String] {
        var found: [String] = []
        for _ in 1...10 {
            found = try await shell.candidates(line)
            if found.isEmpty == expected.isEmpty { break }
        }
        return found
    }
}
