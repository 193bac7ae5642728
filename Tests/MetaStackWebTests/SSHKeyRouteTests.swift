import Foundation
import MetaStackManagement
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

@testable import MetaStackWeb

/// Keys and cloud-init over HTTP, and what the audit record shows of them.
@Suite struct SSHKeyRouteTests {
    private static let key =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHCAjW6hJU2G/wLrud9l4vnrdXTJDh1eov19eEumbDOQ"

    @Test func aKeyIsPutReadNamedByAVMAndKeptWhileItIs() async throws {
        try await LiveServer.run { server in
            let put = try await server.send(
                "PUT", "/api/v1/ssh-keys/alice", #"{"public_key": "\#(Self.key) a@b"}"#,
                as: .operate)
            try #require(put.status == 202, "\(String(decoding: put.body, as: UTF8.self))")
            let read = try await server.send("GET", "/api/v1/ssh-keys/alice", as: .viewer)
            guard case .object(let fields) = try read.json else {
                Issue.record("no document")
                return
            }
            #expect(fields["name"] == .string("alice"))
            for (path, body) in [
                ("flavours", #"{"name": "tiny", "vcpus": 1, "ram": "64MiB"}"#),
                ("images", #"{"name": "debian", "url": "file:///debian.raw"}"#),
                (
                    "vms",
                    #"{"name": "web", "flavour": "tiny", "image": "debian", "#
                        + #""cloud_init": {"ssh_keys": ["alice"]}}"#
                ),
            ] {
                let reply = try await server.send("POST", "/api/v1/\(path)", body, as: .operate)
                try #require(reply.status == 202, "\(String(decoding: reply.body, as: UTF8.self))")
            }
            let inUse = try await server.send("DELETE", "/api/v1/ssh-keys/alice", as: .operate)
            #expect(inUse.status == 409)
            let stored = try await server.store.load().desiredVMs.values.first?.value
            #expect(stored?.cloudInit?.sshKeys == [SSHKeyID(unchecked: "alice")])
        }
    }

    @Test func whatIsNoKeyAndWhatNoGuestCouldUseIs422WithItsField() async throws {
        try await LiveServer.run { server in
            let key = try await server.send(
                "POST", "/api/v1/ssh-keys?id=bob", #"{"public_key": "ssh-rsa xx"}"#, as: .operate)
            #expect(key.status == 422)
            #expect(String(decoding: key.body, as: UTF8.self).contains("public_key"))
            for (path, body) in [
                ("flavours", #"{"name": "tiny", "vcpus": 1, "ram": "64MiB"}"#),
                ("images", #"{"name": "debian", "url": "file:///debian.raw"}"#),
            ] {
                _ = try await server.send("POST", "/api/v1/\(path)", body, as: .operate)
            }
            let vm = try await server.send(
                "POST", "/api/v1/vms",
                ##"{"name": "w", "flavour": "tiny", "image": "debian", "cloud_init": "##
                    + ##"{"ssh_keys": ["nobody"], "user_data": "#cloud-config\n- hunter2"}}"##,
                as: .operate)
            let text = String(decoding: vm.body, as: UTF8.self)
            #expect(vm.status == 422)
            #expect(text.contains("cloud_init.ssh_keys.0") && text.contains("cloud_init.user_data"))
            #expect(!text.contains("hunter2"))
            #expect(try await server.store.load().desiredVMs.isEmpty)
        }
    }

    @Test func theAuditRecordShowsTheSizeOfUserDataAlone() async throws {
        try await LiveServer.run { server in
            let log = TestLog()
            let service = WriteService(
                store: server.store, mirror: ClusterMirror(store: server.store, logger: quiet),
                audit: log.logger("audit"), now: { Timestamp(milliseconds: 1) }, newID: { "x" })
            let record = JSONValue.object([
                "name": .string("web"),
                "cloud_init": .object(["user_data": .string("#!/bin/sh\necho hunter2")]),
            ])
            service.note(
                "change", "vm web", by: nil, from: "127.0.0.1", revision: Revision(7),
                before: record, after: record)
            #expect(log.tail.contains("(22 bytes)"))
            #expect(!log.tail.contains("hunter2"))
        }
    }
}
