import Foundation
import MetaStackModel
import MetaStackStore
import Testing

@testable import MetaStackManagement

@Suite struct ResourceChangeTests {
    private static let now = Timestamp(milliseconds: 1_000)

    private static let vm: JSONValue = .object([
        "name": .string("web"), "flavour": .string("tiny"), "image": .string("debian"),
        "state": .string("start"),
    ])

    /// One flavour, one image, and a VM `web` with the id `v1` that names both.
    private static var cluster: Cluster {
        get throws {
            var cluster = Cluster(revision: Revision(9))
            for (path, json) in [
                ("vm_flavours/f1", #"{"name": "tiny", "vcpus": 1, "ram": 64}"#),
                ("images/i1", #"{"name": "debian", "url": "file:///debian.raw"}"#),
                (
                    "desired_vms/v1",
                    #"{"name": "web", "flavour": "tiny", "image": "i1", "state": "start", "later": 1}"#
                ),
            ] {
                cluster.apply(
                    RawRecord(
                        path: path, json: Data(json.utf8), revision: Revision(5),
                        createRevision: Revision(4)))
            }
            try #require(cluster.malformed.isEmpty)
            return cluster
        }
    }

    private func failure(_ body: () throws -> Void) -> CommandFailure? {
        do {
            try body()
            return nil
        } catch {
            return error as? CommandFailure
        }
    }

    @Test func aNewVMRestsOnItsFlavourAndItsImage() throws {
        let json = Self.vm.merged(with: .object(["name": .string("db")]))
        let change = try ResourceChange.create(
            .vm, id: "v2", json, in: Self.cluster, at: Self.now)
        #expect(change.conditions.count == 3)
        guard case .object(let record)? = change.after else {
            Issue.record("nothing to write")
            return
        }
        #expect(record["created_at"] == .string(Self.now.description))
        #expect(change.before == nil && change.isNeeded)
    }

    @Test func namesTheFieldThatIsToBlame() throws {
        let cluster = try Self.cluster
        let cases: [(JSONValue, String)] = [
            (.object(["flavor": .string("tiny")]), "flavor"),
            (.object(["name": .string("a/b")]), "name"),
            (.object(["priority": .integer(5000)]), "priority"),
            (.object(["flavour": .string("huge")]), "flavour"),
            (.object(["labels": .object(["a b": .string("x")])]), "labels"),
            (.object(["state": .string("maybe")]), "state"),
            (.object(["move": .object(["id": .string("m")])]), "move.from"),
        ]
        for (patch, path) in cases {
            let found = failure {
                _ = try ResourceChange.patch(
                    .vm, id: "v1", patch, in: cluster, at: Self.now)
            }
            #expect(found?.fields.map(\.path) == [path], "\(patch): \(String(describing: found))")
            #expect(found?.status == .usage)
        }
    }

    @Test func keepsAFieldOfALaterVersion() throws {
        let change = try ResourceChange.patch(
            .vm, id: "v1", .object(["state": .string("stop")]), in: Self.cluster, at: Self.now)
        guard case .object(let record)? = change.after else {
            Issue.record("nothing to write")
            return
        }
        #expect(record["later"] == .integer(1))
        #expect(record["state"] == .string("stop"))
    }

    @Test func refusesAnOldRevisionATakenNameAndWhatIsInUse() throws {
        let cluster = try Self.cluster
        #expect(
            failure {
                _ = try ResourceChange.replace(
                    .vm, id: "v1", Self.vm, expecting: Revision(4), in: cluster, at: Self.now)
            }?.status == .conflict)
        #expect(
            failure {
                _ = try ResourceChange.create(.vm, id: "v2", Self.vm, in: cluster, at: Self.now)
            }?.fields.map(\.path) == ["name"])
        for (kind, id) in [(ResourceKind.flavour, "f1"), (.image, "i1")] {
            #expect(
                failure { _ = try ResourceChange.delete(kind, id: id, in: cluster) }?.status
                    == .conflict)
        }
    }

    @Test func aFlavourThatIsCalledByItsNameKeepsIt() throws {
        let cluster = try Self.cluster
        let renamed = JSONValue.object(["name": .string("small")])
        #expect(
            failure {
                _ = try ResourceChange.patch(
                    .flavour, id: "f1", renamed, in: cluster, at: Self.now)
            }?.status == .conflict)
        // The VM calls the image by its id.
        let image = try ResourceChange.patch(
            .image, id: "i1", renamed, in: cluster, at: Self.now)
        #expect(image.isNeeded)
    }

    @Test func whatNodesWriteIsNotWritten() throws {
        let cluster = try Self.cluster
        #expect(
            failure {
                _ = try ResourceChange.create(
                    .volume, id: "v1.root", .object([:]), in: cluster, at: Self.now)
            }?.status == .usage)
    }

    /// Each field that the schema names is one that the record reads, and the other way round.
    @Test(arguments: [
        (
            ResourceKind.vm,
            #"{"name":"a","flavour":"b","image":"c","state":"stop","host":"h","nics":[{},{}],"#
                + #""restart_policy":"never","priority":1,"required_labels":{"a":"b"},"#
                + #""preferred_labels":{"a":"b"},"groups":{"g":"affinity"},"#
                + #""move":{"id":"1","from":"h"},"offline_moves":true,"goes_back":true,"#
                + #""labels":{"a":"b"},"cloud_init":{}}"#
        ),
        (
            .sshKey,
            #"{"public_key":"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHCAjW6hJU2G/wLrud9l4vnrdXTJDh1eov19eEumbDOQ","#
                + #""comment":"c","labels":{"a":"b"}}"#
        ),
        (
            .image,
            #"{"name":"a","url":"http://h/x","format":"raw","checksum":"sha256:"#
                + String(repeating: "0", count: 64) + #"","labels":{"a":"b"}}"#
        ),
        (
            .network,
            #"{"name":"a","kind":"vxlan","vni":1,"group":"ff05::1","port":1,"mtu":1400,"subnets":["#
                + #"{"prefix":"fd00::/64","gateway":"fd00::1","gateway_mode":"node"}],"#
                + #""nat64":{"ipv4":"9.7.0.0/24"},"domain":"a.b","search":["a.b"],"labels":{"a":"b"}}"#
        ),
        (
            .securityGroup,
            #"{"name":"a","rules":[{"direction":"ingress"}],"labels":{"a":"b"}}"#
        ),
        (.flavour, #"{"name":"a","vcpus":1,"ram":64,"disk":128,"labels":{"a":"b"}}"#),
        (
            .host,
            #"{"state":"maintenance","reason":"r","since":"2026-11-21T10:00:00.000Z","by":"o","labels":{"a":"b"},"vcpu_overcommit":2,"#
                + #""ram_overcommit":2}"#
        ),
    ])
    func theSchemaNamesTheFieldsOfTheRecord(_ kind: ResourceKind, _ json: String) throws {
        let value = try JSONDecoder().decode(JSONValue.self, from: Data(json.utf8))
        let record = try kind.record(value, id: "x")
        #expect(record.rest.isEmpty)
        guard case .object(let fields) = try JSONValue(record) else {
            Issue.record("no object")
            return
        }
        // A network has the fields of its own kind alone.
        let others: Set = kind == .network ? ["bridge", "uplink", "vlan"] : ["created_at"]
        #expect(Set(fields.keys) == Set(kind.fields.map(\.name)).subtracting(others))
    }

    @Test func picksByLabels() throws {
        let labels = ["app": "web", "tier": "front"]
        let texts: [(String, Bool)] = [
            ("", true), ("app=web", true), ("app=db", false), ("app!=db", true), ("tier", true),
            ("!tier", false), ("app=web,!spare", true), ("app==web, rack", false),
        ]
        for (text, matches) in texts {
            #expect(try LabelSelector(text).matches(labels) == matches, "\(text)")
        }
        #expect(throws: ValidationError.self) { try LabelSelector("a b=c") }
    }

    // MARK: Keys and cloud-init

    private static let key = JSONValue.object([
        "public_key": .string(
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHCAjW6hJU2G/wLrud9l4vnrdXTJDh1eov19eEumbDOQ alice"
        )
    ])

    private static func withKey() throws -> Cluster {
        var cluster = try cluster
        let change = try ResourceChange.create(
            .sshKey, id: "alice", key, in: cluster, at: now)
        cluster.apply(
            RawRecord(
                path: "ssh_keys/alice", json: try JSONEncoder().encode(try #require(change.after)),
                revision: Revision(10), createRevision: Revision(10)))
        try #require(cluster.malformed.isEmpty)
        return cluster
    }

    private func cloudInit(_ fields: [String: JSONValue]) -> JSONValue {
        .object(["cloud_init": .object(fields)])
    }

    @Test func aKeyIsStoredWithItsCommentApart() throws {
        let stored = try #require(try Self.withKey().sshKeys[SSHKeyID(unchecked: "alice")])
        #expect(stored.value.comment == "alice")
        let again = failure {
            _ = try ResourceChange.create(
                .sshKey, id: "alice", Self.key, in: try Self.withKey(), at: Self.now)
        }
        #expect(again?.status == .conflict)
        let secret = failure {
            _ = try ResourceChange.create(
                .sshKey, id: "bob",
                .object(["public_key": .string("-----BEGIN OPENSSH PRIVATE KEY-----\nxyz")]),
                in: try Self.cluster, at: Self.now)
        }
        #expect(secret?.fields.map(\.path) == ["public_key"])
        #expect(secret?.description.contains("xyz") == false)
    }

    @Test func aKeyThatAVMNamesStaysUntilItDoesNot() throws {
        var cluster = try Self.withKey()
        let change = try ResourceChange.patch(
            .vm, id: "v1", cloudInit(["ssh_keys": .array([.string("alice")])]), in: cluster,
            at: Self.now)
        #expect(change.conditions.count == 4)
        cluster.apply(
            RawRecord(
                path: "desired_vms/v1", json: try JSONEncoder().encode(try #require(change.after)),
                revision: Revision(11), createRevision: Revision(4)))
        let inUse = failure {
            _ = try ResourceChange.delete(.sshKey, id: "alice", in: cluster)
        }
        #expect(inUse?.status == .conflict)
        #expect(inUse?.description.contains("in use by vm web") == true)
        #expect(throws: Never.self) {
            try ResourceChange.delete(.sshKey, id: "alice", in: try Self.withKey())
        }
    }

    @Test func cloudInitIsRefusedWithItsField() throws {
        let cluster = try Self.withKey()
        let cases: [([String: JSONValue], String)] = [
            (["ssh_keys": .array([.string("alice"), .string("alise")])], "cloud_init.ssh_keys.1"),
            (["user_data": .string("hunter2")], "cloud_init.user_data"),
            (["user_data": .string("#cloud-config\n- a\n")], "cloud_init.user_data"),
            (["host_name": .string("a_b")], "cloud_init.host_name"),
            (["network_config": .string("version: 1\n")], "cloud_init.network_config"),
        ]
        for (fields, path) in cases {
            let found = failure {
                _ = try ResourceChange.patch(
                    .vm, id: "v1", cloudInit(fields), in: cluster, at: Self.now)
            }
            #expect(found?.fields.map(\.path) == [path], "\(fields)")
            #expect(found?.status == .usage)
            #expect(found?.description.contains("hunter2") == false)
        }
        let near = failure {
            _ = try ResourceChange.patch(
                .vm, id: "v1", cloudInit(["ssh_keys": .array([.string("alise")])]), in: cluster,
                at: Self.now)
        }
        #expect(near?.description.contains("did you mean alice?") == true)
    }

    @Test func aVMWhoseKeyIsGoneCanBeChangedOtherwise() throws {
        var cluster = try Self.cluster
        cluster.apply(
            RawRecord(
                path: "desired_vms/v1",
                json: Data(
                    #"{"name":"web","flavour":"tiny","image":"i1","cloud_init":{"ssh_keys":["gone"]}}"#
                        .utf8), revision: Revision(10), createRevision: Revision(4)))
        #expect(throws: Never.self) {
            try ResourceChange.patch(
                .vm, id: "v1", .object(["state": .string("stop")]), in: cluster, at: Self.now)
        }
    }

    @Test func userDataIsNeitherInEventsNorInWhatIsLogged() throws {
        let secret = cloudInit(["user_data": .string("#!/bin/sh\necho hunter2")])
        let shown = secret.withoutUserData
        #expect(shown == cloudInit(["user_data": .string("(22 bytes)")]))
        let other = cloudInit(["user_data": .string("#!/bin/sh\necho hunter3")])
        for (old, new) in [
            (JSONValue.object([:]), secret), (secret, other), (secret, .object([:])),
        ] {
            let text = FieldChanges.text(from: old, to: new)
            #expect(!text.contains("hunter") && text.contains("22 bytes"), "\(text)")
        }
    }
}
