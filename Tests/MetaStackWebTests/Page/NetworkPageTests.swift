import Foundation
import MetaStackManagement
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

@testable import MetaStackWeb

@Suite(.serialized) struct NetworkPageTests {
    private static let network = [
        "name": "blue", "kind": "vxlan", "vni": "70", "group": "", "port": "", "uplink": "",
        "vlan": "", "bridge": "", "mtu": "1400", "domain": "example.org",
        "search": "a.test, b.test", "nat64": "",
        "subnets": "10.7.0.0/24,gateway=10.7.0.1,dns=9.9.9.9\r\nfd00:7::/64\r\n", "labels": "a=b",
    ]

    private func fill(_ server: LiveServer) async throws {
        try await server.fill()
        try await server.put(
            .network(NetworkID(unchecked: "n1")),
            try Network(
                name: ResourceName("blue"), kind: .vxlan(vni: 70, group: nil, port: 4789),
                subnets: [Subnet(prefix: IPPrefix("10.7.0.0/24"))]))
        try await server.put(
            .securityGroup(SecurityGroupID(unchecked: "g1")),
            SecurityGroup(name: try ResourceName("web")))
        try await server.put(
            .address(try AddressID(network: "n1", address: "10.7.0.5")),
            HeldAddress(
                vm: VMID(unchecked: "v1"), vmCreateRevision: Revision(1), nic: 0,
                mac: MACAddress(vm: VMID(unchecked: "v1"), nic: 0),
                since: Timestamp(milliseconds: 1_700_000_000_000)))
    }

    /// Sends a form that changes something, with the revision that its page shows.
    private func save(
        _ client: PageClient, _ path: String, _ fields: [String: String], from: String
    ) async throws -> PageClient.Reply {
        let page = try await client.get(from).text
        let seen = try #require(page.firstMatch(of: /name="revision" value="([0-9]+)"/))
        let more = ["revision": String(seen.output.1)]
        return try await client.submit(path, fields.merging(more) { $1 }, from: from)
    }

    @Test func aNetworkThatIsTypedIsTheRecordOfTheCommandLine() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            let client = try await PageClient.loggedIn(.operate, server)
            let reply = try await client.submit("/networks", Self.network, from: "/networks")
            #expect(reply.status == 303 && reply.headers["location"] == "/networks")
            let made = try #require(try await server.store.load().networks.values.first).value
            let expected = try Network(
                name: ResourceName("blue"), kind: .vxlan(vni: 70, group: nil, port: 4789),
                mtu: 1400,
                subnets: [
                    Subnet(
                        prefix: IPPrefix("10.7.0.0/24"), gateway: IPAddress("10.7.0.1"),
                        dns: [IPAddress("9.9.9.9")]), Subnet(prefix: IPPrefix("fd00:7::/64")),
                ], domain: DomainName("example.org"),
                search: [DomainName("a.test"), DomainName("b.test")], labels: ["a": "b"])
            #expect(made == expected)
            let list = try await client.get("/networks")
            #expect(list.text.contains("vxlan 70") && list.text.contains("10.7.0.0/24"))
        }
    }

    @Test func addressesThatAreTranslatedAreTypedShownAndTakenAway() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            let client = try await PageClient.loggedIn(.operate, server)
            var typed = Self.network.merging([
                "subnets": "fd00:6::/64,gateway=fd00:6::1,gateway-mode=node",
                "nat64": "10.64.0.0/24,prefix=fd00:64::/96",
            ]) { $1 }
            let reply = try await client.submit("/networks", typed, from: "/networks")
            #expect(reply.status == 303)
            let (id, made) = try #require(try await server.store.load().networks.first)
            #expect(try made.value.nat64?.ipv4 == IPPrefix("10.64.0.0/24"))
            let (own, edit) = ("/networks/\(id)", "/networks/\(id)/edit")
            let page = try await client.get(own).text
            #expect(page.contains("0 of 256 held"))
            #expect(page.contains("value=\"10.64.0.0/24,prefix=fd00:64::/96\""))
            // A prefix that is not typed any more is not kept, and so this is refused.
            typed["nat64"] = "10.64.0.0/24"
            let refused = try await save(client, edit, typed, from: own)
            #expect(refused.status == 422)
            #expect(refused.text.contains("name a prefix of your own"))
            typed["nat64"] = ""
            let gone = try await save(client, edit, typed, from: own)
            #expect(gone.status == 303)
            #expect(try await server.store.load().networks[id]?.value.nat64 == nil)
        }
    }

    @Test func aRefusalStandsBesideItsFieldAndKeepsWhatWasTyped() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            let client = try await PageClient.loggedIn(.operate, server)
            for (change, sentence) in [
                (["vni": "0"], "between 1 and 16777215"), (["vni": "many"], "no whole number"),
                (["subnets": "10.7.0.1/24"], "did you mean 10.7.0.0/24?"),
                (["subnets": "10.7.0.0/24,<b>=1"], "is no part of it"),
                (["uplink": "eth1"], "a vxlan has no uplink"),
                (["nat64": "9.0.0.0/24"], "nat64 is for networks of IPv6 alone"),
                (["nat64": "9.0.0.0/24,<b>=1"], "is no part of it"),
                (["mtu": "100"], "between 1280 and 65535"),
            ] {
                let typed = Self.network.merging(change) { $1 }
                let reply = try await client.submit("/networks", typed, from: "/networks")
                #expect(reply.status == 422)
                #expect(reply.text.contains(sentence), "\(sentence)")
                #expect(!reply.text.contains("<b>") && reply.text.contains("example.org"))
            }
            #expect(try await server.store.load().networks.isEmpty)
        }
    }

    @Test func aNetworkShowsItsAddressesAndIsChanged() async throws {
        try await LiveServer.run { server in
            try await fill(server)
            let client = try await PageClient.loggedIn(.operate, server)
            let page = try await client.get("/networks/blue")
            #expect(page.text.contains("1 of 254") && page.text.contains("10.7.0.5"))
            #expect(page.text.contains("/vms/web"))
            let typed = Self.network.merging(["subnets": "10.7.0.0/16", "name": "blue"]) { $1 }
            let saved = try await save(
                client, "/networks/n1/edit", typed, from: "/networks/blue")
            #expect(saved.status == 303, "\(saved.text)")
            let network = try #require(try await server.store.load().networks.values.first).value
            #expect(network.subnets.map(\.prefix.description) == ["10.7.0.0/16"])
            let refused = try await save(
                client, "/networks/n1/edit", typed.merging(["subnets": ""]) { $1 },
                from: "/networks/blue")
            #expect(refused.status == 409 && refused.text.contains("held by vm web"))
            let inUse = try await client.submit(
                "/networks/delete", ["id": "n1"], from: "/networks")
            #expect(inUse.status == 409 && inUse.text.contains("in use by vm web"))
            #expect(try await client.get("/networks/blu").status == 404)
            #expect(try await client.get("/addresses").text.contains("10.7.0.5"))
        }
    }

    @Test func aSecurityGroupIsMadeChangedAndDeleted() async throws {
        try await LiveServer.run { server in
            try await fill(server)
            let client = try await PageClient.loggedIn(.operate, server)
            let rules = "ingress,protocol=tcp,ports=80\r\ningress,group=web"
            let made = try await client.submit(
                "/security-groups", ["name": "db", "rules": rules, "labels": ""],
                from: "/security-groups")
            #expect(made.status == 303)
            let page = try await client.get("/security-groups/db")
            #expect(page.text.contains("group web") && page.text.contains("80"))
            let changed = try await save(
                client, "/security-groups/web/edit",
                ["name": "web", "rules": "egress,remote=10.0.0.0/8", "labels": ""],
                from: "/security-groups/web")
            #expect(changed.status == 303)
            let group = try await server.store.load()
                .securityGroups[SecurityGroupID(unchecked: "g1")]
            #expect(group?.value.rules.map(\.direction) == [.egress])
            let wrong = try await save(
                client, "/security-groups/web/edit",
                ["name": "web", "rules": "inward", "labels": ""],
                from: "/security-groups/web")
            #expect(wrong.status == 422)
            let inUse = try await client.submit(
                "/security-groups/delete", ["id": "g1"], from: "/security-groups")
            #expect(inUse.status == 409 && inUse.text.contains("security-group db"))
        }
    }

    @Test func anSSHKeyIsTypedAndDeleted() async throws {
        let key =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHCAjW6hJU2G/wLrud9l4vnrdXTJDh1eov19eEumbDOQ"
        try await LiveServer.run { server in
            let client = try await PageClient.loggedIn(.operate, server)
            let made = try await client.submit(
                "/ssh-keys", ["id": "alice", "public_key": key + " a@b\r\n", "comment": ""],
                from: "/ssh-keys")
            #expect(made.status == 303, "\(made.text)")
            let list = try await client.get("/ssh-keys")
            #expect(list.text.contains("SHA256:Q6Gb5eljuY96z2gc7ppc5G8vk0tnY9PGnWUL023vFnw"))
            let wrong = try await client.submit(
                "/ssh-keys", ["id": "bob", "public_key": "ssh-rsa x"], from: "/ssh-keys")
            #expect(wrong.status == 422)
            let gone = try await client.submit(
                "/ssh-keys/delete", ["id": "alice"], from: "/ssh-keys")
            #expect(gone.status == 303)
            #expect(try await server.store.load().sshKeys.isEmpty)
        }
    }

    // MARK: A VM's NICs and cloud-init

    private static let vm = [
        "name": "app", "flavour": "f1", "image": "i1", "host": "", "labels": "",
        "restart_policy": "on-failure", "priority": "0", "state": "start",
    ]

    private func app(_ server: LiveServer) async throws -> (id: VMID, vm: DesiredVM) {
        let found = try await server.store.load().desiredVMs
            .first { $0.value.value.name.text == "app" }
        let (id, stored) = try #require(found)
        return (id, stored.value)
    }

    @Test func aVMIsMadeWithNICsAndCloudInitAndKeepsWhatNobodyChanges() async throws {
        try await LiveServer.run { server in
            try await fill(server)
            let client = try await PageClient.loggedIn(.operate, server)
            let more = [
                "nics": "blue,address=10.7.0.9,group=web\r\n-", "cloud_init.host_name": "www",
                "cloud_init.user_data": "#!/bin/sh\r\nid\r\n", "cloud_init.ssh_keys": "",
            ]
            let made = try await client.submit(
                "/vms/new", Self.vm.merging(more) { $1 }, from: "/vms/new")
            #expect(made.status == 303, "\(made.text)")
            let (id, vm) = try await app(server)
            #expect(
                vm.nics == [
                    DesiredNIC(
                        network: "n1", addresses: [try IPAddress("10.7.0.9")],
                        securityGroups: ["g1"]), DesiredNIC(),
                ])
            #expect(vm.cloudInit?.userData?.text == "#!/bin/sh\nid\n")
            #expect(vm.cloudInit?.hostName?.text == "www")
            #expect(try await client.get("/vms/app").text.contains("10.7.0.9"))
            let form = try await client.get("/vms/app/edit").text
            #expect(form.contains("network=blue,address=10.7.0.9,group=web"))
            var saved = Self.vm.merging(more) { $1 }
            saved["nics"] = "network=blue,address=10.7.0.9,group=web\r\n-"
            saved["state"] = nil
            saved["priority"] = "5"
            let reply = try await save(
                client, "/vms/\(id)/edit", saved, from: "/vms/app/edit")
            #expect(reply.status == 303, "\(reply.text)")
            var changed = try await app(server).vm
            #expect(changed.placement.priority == 5)
            changed.placement.priority = 0
            #expect(changed == vm)
            saved["nics"] = "none"
            saved["priority"] = "0"
            _ = try await save(
                client, "/vms/\(id)/edit", saved, from: "/vms/app/edit")
            #expect(try await app(server).vm.nics.isEmpty)
        }
    }

    @Test func whatNoNICCanBeStandsBesideItsField() async throws {
        try await LiveServer.run { server in
            try await fill(server)
            let client = try await PageClient.loggedIn(.operate, server)
            for (change, sentence) in [
                (["nics": "bleu"], "did you mean blue?"),
                (["nics": "blue,address=10.7.0.5"], "held by vm web"),
                (["nics": "blue,addres=10.7.0.7"], "did you mean address=?"),
                (["cloud_init.ssh_keys": "nobody"], "there is no ssh-key"),
                (["cloud_init.user_data": "hunter"], "must begin with #cloud-config"),
            ] {
                let reply = try await client.submit(
                    "/vms/new", Self.vm.merging(change) { $1 }, from: "/vms/new")
                #expect(reply.status == 422)
                #expect(reply.text.contains(sentence), "\(sentence): \(reply.text)")
                #expect(reply.text.contains("look at the fields below"), "\(change)")
            }
        }
    }
}
