import Foundation
import MetaStackModel
import MetaStackStore
import Testing

@testable import MetaStackManagement

/// What networks, security groups and NICs are let in, given what there is.
@Suite struct NetworkChangeTests {
    private static let now = Timestamp(milliseconds: 1_000)

    /// A VM `web` on network `blue`, which holds an address, and a VM `db` on the nodes' bridge.
    private static func cluster(_ more: [(String, String)] = []) throws -> Cluster {
        var cluster = Cluster(revision: Revision(9))
        let records: [(String, String)] = [
            ("vm_flavours/f1", #"{"name": "tiny", "vcpus": 1, "ram": 64}"#),
            ("images/i1", #"{"name": "debian", "url": "file:///debian.raw"}"#),
            (
                "networks/n1",
                #"{"name": "blue", "kind": "vxlan", "vni": 70, "subnets": [{"prefix": "10.7.0.0/24","#
                    + #""gateway": "10.7.0.1"}]}"#
            ),
            ("networks/n2", #"{"name": "red", "kind": "vlan", "uplink": "eth1", "vlan": 5}"#),
            (
                "networks/n3",
                #"{"name": "flat", "kind": "bridge", "subnets": [{"prefix": "10.9.0.0/24"}]}"#
            ),
            (
                "networks/n4",
                #"{"name": "six", "kind": "vxlan", "vni": 6, "subnets": [{"prefix": "fd00:6::/64","#
                    + #""gateway": "fd00:6::1", "gateway_mode": "node"}],"#
                    + #""nat64": {"ipv4": "10.64.0.0/24", "prefix": "fd00:64::/96"}}"#
            ),
            (
                "security_groups/g1",
                #"{"name": "web", "rules": [{"direction": "ingress", "protocol": "tcp", "ports": "80"}]}"#
            ),
            (
                "security_groups/g2",
                #"{"name": "db", "rules": [{"direction": "ingress", "group": "web"}]}"#
            ),
            (
                "desired_vms/v1",
                #"{"name": "web", "flavour": "tiny", "image": "i1", "nics": [{"network": "blue","#
                    + #""addresses": ["10.7.0.9"], "security_groups": ["g1"]}]}"#
            ),
            ("desired_vms/v2", #"{"name": "db", "flavour": "tiny", "image": "i1"}"#),
            (
                "addresses/n1/10.7.0.9",
                #"{"vm": "v1", "vm_create_revision": 4, "mac": "02:00:5e:10:00:01"}"#
            ),
        ]
        for (path, json) in records + more { cluster.put(path, json, at: 5, created: 4) }
        try #require(cluster.malformed.isEmpty, "\(cluster.malformed)")
        return cluster
    }

    private func json(_ text: String) throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    }

    private func failure(_ body: () throws -> Void) throws -> CommandFailure {
        let error = #expect(throws: CommandFailure.self, performing: body)
        return try #require(error)
    }

    /// A network of IPv6 alone.
    private static func six(_ nat64: String) -> String {
        #"{"name": "new", "kind": "vxlan", "vni": 66, "subnets": [{"prefix": "fd00:9::/64", "#
            + #""gateway": "fd00:9::1", "gateway_mode": "node"}], "nat64": {\#(nat64)}}"#
    }

    /// A new network that another stands in the way of.
    @Test(arguments: [
        (#"{"name": "blue", "kind": "vxlan", "vni": 71}"#, "name", "there is a network blue"),
        (#"{"name": "new", "kind": "vxlan", "vni": 70}"#, "vni", "vni 70 is network blue's"),
        (
            #"{"name": "new", "kind": "vlan", "uplink": "eth1", "vlan": 5}"#, "vlan",
            "vlan 5 on uplink eth1 is network red's"
        ),
        (
            #"{"name": "new", "kind": "bridge", "subnets": [{"prefix": "10.9.0.0/16"}]}"#,
            "subnets.0.prefix", "overlaps 10.9.0.0/24 of network flat, which is on the same bridge"
        ),
        (
            #"{"name": "new", "kind": "bridge", "subnets": [{"prefix": "10.0.0.0/31"}]}"#,
            "subnets.0.prefix", "too small"
        ),
        (
            #"{"name": "new", "kind": "bridge", "subnets": [{"prefix": "10.0.0.0/24", "gatway": 1}]}"#,
            "subnets.0.gatway", "did you mean gateway?"
        ),
        (
            six(#""ipv4": "10.64.0.128/25", "prefix": "fd00:65::/96""#),
            "nat64.ipv4", "10.64.0.128/25 overlaps 10.64.0.0/24 of network six"
        ),
        (
            #"{"name": "new", "kind": "vxlan", "vni": 71, "subnets": [{"prefix": "10.64.0.0/16", "#
                + #""gateway": "10.64.0.1", "gateway_mode": "node"}]}"#,
            "subnets.0.prefix", "10.64.0.0/16 overlaps 10.64.0.0/24 of network six"
        ),
        (
            six(#""ipv4": "9.0.0.0/24", "prfix": "fd00:65::/96""#),
            "nat64.prfix", "did you mean prefix?"
        ),
    ])
    func refusesANetworkThatCannotBeBesideTheOthers(
        _ text: String, _ field: String, _ reason: String
    ) throws {
        let found = try failure {
            _ = try ResourceChange.create(
                .network, id: "n9", try json(text), in: try Self.cluster(), at: Self.now)
        }
        #expect(found.fields.map(\.path) == [field])
        #expect(found.description.contains(reason), "\(found.description)")
    }

    @Test(arguments: [
        #"{"name": "n", "kind": "vxlan", "vni": 71, "subnets": [{"prefix": "10.7.0.0/24"}]}"#,
        #"{"name": "n", "kind": "vlan", "uplink": "eth2", "vlan": 5}"#,
        #"{"name": "n", "kind": "bridge", "bridge": "br9", "subnets": [{"prefix": "10.9.0.0/24"}]}"#,
        #"{"name": "n", "kind": "bridge", "subnets": [{"prefix": "10.10.0.0/24"}]}"#,
    ])
    func letsANetworkInWhoseFramesMeetNobodys(_ text: String) throws {
        let change = try ResourceChange.create(
            .network, id: "n9", try json(text), in: try Self.cluster(), at: Self.now)
        #expect(change.isNeeded)
    }

    /// A change of a network that guests hang on.
    @Test(arguments: [
        (#"{"vni": 71}"#, "vni", "vni cannot change: network blue is in use by vm web"),
        (#"{"kind": "bridge", "vni": null}"#, "kind", "in use by vm web"),
        (#"{"port": 8472}"#, "port", "in use by vm web"),
        (#"{"name": "green"}"#, nil, "in use by vm web"),
        (#"{"subnets": []}"#, "subnets", "10.7.0.9 is held by vm web"),
        (#"{"subnets": [{"prefix": "10.7.0.0/29"}]}"#, "subnets", "10.7.0.9 is held by vm web"),
        (
            #"{"subnets": [{"prefix": "10.7.0.0/24", "gateway": "10.7.0.9"}]}"#,
            "subnets.0.gateway", "10.7.0.9 is the gateway"
        ),
    ])
    func refusesAChangeThatWouldCutGuestsOff(
        _ patch: String, _ field: String?, _ reason: String
    ) throws {
        let found = try failure {
            _ = try ResourceChange.patch(
                .network, id: "n1", try json(patch), in: try Self.cluster(), at: Self.now)
        }
        #expect(found.status == .conflict)
        #expect(found.fields.map(\.path) == (field.map { [$0] } ?? []))
        #expect(found.description.contains(reason), "\(found.description)")
    }

    @Test func translatedAddressesThatGuestsHaveStay() throws {
        let held = #"{"vm": "v1", "vm_create_revision": 4, "mac": "02:00:5e:10:00:01"}"#
        let cluster = try Self.cluster([("addresses/n4/10.64.0.200", held)])
        for patch in [#"{"nat64": null}"#, #"{"nat64": {"ipv4": "10.64.0.0/25"}}"#] {
            let found = try failure {
                _ = try ResourceChange.patch(
                    .network, id: "n4", try json(patch), in: cluster, at: Self.now)
            }
            #expect(found.fields.map(\.path) == ["nat64"])
            #expect(found.description.contains("10.64.0.200 is held by vm web"))
        }
        let wider = try ResourceChange.patch(
            .network, id: "n4", try json(#"{"nat64": {"ipv4": "10.64.0.0/23"}}"#), in: cluster,
            at: Self.now)
        #expect(wider.isNeeded)
        let facts = cluster.networkFacts(NetworkID(unchecked: "n4"))
        #expect(
            facts.contains {
                $0.what == "nat64"
                    && $0.value == "10.64.0.0/24, 1 of 256 held; IPv4 is under fd00:64::/96"
            })
    }

    @Test func aNICHasNoMoreTranslatedAddressesThanItsOwn() throws {
        func change(_ addresses: String) throws -> ResourceChange {
            try ResourceChange.patch(
                .vm, id: "v2",
                try json(#"{"nics": [{"network": "six", "addresses": [\#(addresses)]}]}"#),
                in: try Self.cluster(), at: Self.now)
        }
        let found = try failure { _ = try change(#""10.64.0.5", "10.64.0.6""#) }
        #expect(found.fields.map(\.path) == ["nics.0.addresses"])
        #expect(found.description.contains("2 IPv4 addresses need as many of IPv6"))
        #expect(try change(#""10.64.0.5""#).isNeeded)
        #expect(try change(#""10.64.0.5", "10.64.0.6", "fd00:6::5", "fd00:6::6""#).isNeeded)
    }

    @Test func letsASubnetGrow() throws {
        let wider = #"{"subnets": [{"prefix": "10.7.0.0/16", "gateway": "10.7.0.1"}], "mtu": 1400}"#
        let change = try ResourceChange.patch(
            .network, id: "n1", try json(wider), in: try Self.cluster(), at: Self.now)
        #expect(change.isNeeded)
    }

    @Test func whatIsInUseIsNotDeleted() throws {
        let cluster = try Self.cluster()
        for (kind, id, user) in [
            (ResourceKind.network, "n1", "in use by vm web"),
            (.securityGroup, "g1", "in use by vm web"),
        ] {
            let found = try failure {
                _ = try ResourceChange.delete(kind, id: id, in: cluster)
            }
            #expect(found.status == .conflict && found.description.contains(user))
        }
        var later = cluster
        later.put("desired_vms/v1", nil, at: 8)
        let held = try failure { _ = try ResourceChange.delete(.network, id: "n1", in: later) }
        #expect(held.description.contains("in use by vm v1"))
        let named = try failure {
            _ = try ResourceChange.delete(.securityGroup, id: "g1", in: later)
        }
        #expect(named.description.contains("in use by security-group db"))
        #expect(throws: Never.self) { try ResourceChange.delete(.network, id: "n2", in: cluster) }
        #expect(throws: Never.self) {
            try ResourceChange.delete(.securityGroup, id: "g2", in: cluster)
        }
    }

    /// NICs that VM `db` cannot have.
    @Test(arguments: [
        (#"{"network": "bleu"}"#, "nics.0.network", "did you mean blue?"),
        (
            #"{"network": "blue", "addresses": ["10.8.0.1"]}"#, "nics.0.addresses.0",
            "none of network blue's subnets"
        ),
        (#"{"network": "blue", "addresses": ["10.7.0.1"]}"#, "nics.0.addresses.0", "gateway"),
        (
            #"{"network": "n1", "addresses": ["10.7.0.9"]}"#, "nics.0.addresses.0",
            "10.7.0.9 is held by vm web"
        ),
        (
            #"{"network": "blue", "mac": "02:00:5e:10:00:01"}"#, "nics.0.mac",
            "is vm web's in the same network"
        ),
        (
            #"{"network": "blue", "security_groups": ["wbe"]}"#, "nics.0.security_groups.0",
            "did you mean web?"
        ),
        (#"{"netwrok": "blue"}"#, "nics.0.netwrok", "did you mean network?"),
        (
            #"{"limits": {"inbound_kbits": 5}}"#, "nics.0.limits.inbound_kbits",
            "did you mean inbound_kbit?"
        ),
        (
            #"{"network": "blue", "mac": "02:00:00:00:00:07"}, {"mac": "02:00:00:00:00:07"}"#,
            "nics.1.mac", "another NIC of this vm"
        ),
        (
            #"{"network": "blue", "addresses": ["10.7.0.5"]}, {"network": "n1", "addresses": ["10.7.0.5"]}"#,
            "nics.1.addresses.0", "another NIC's of this vm"
        ),
    ])
    func refusesANICThatThereCannotBe(
        _ nics: String, _ field: String, _ reason: String
    ) throws {
        let found = try failure {
            _ = try ResourceChange.patch(
                .vm, id: "v2", try json("{\"nics\": [\(nics)]}"), in: try Self.cluster(),
                at: Self.now)
        }
        #expect(found.fields.map(\.path) == [field], "\(found)")
        #expect(found.description.contains(reason), "\(found.description)")
    }

    @Test func anAddressThatAnotherVMWantsIsTaken() throws {
        let other =
            #"{"name": "x", "flavour": "tiny", "image": "i1", "nics": [{"network": "n1","#
            + #""addresses": ["10.7.0.77"], "mac": "02:00:00:00:00:77"}]}"#
        let cluster = try Self.cluster([("desired_vms/v3", other)])
        for (nic, reason) in [
            (#"{"network": "blue", "addresses": ["10.7.0.77"]}"#, "wanted by vm x already"),
            (#"{"network": "blue", "mac": "02:00:00:00:00:77"}"#, "is vm x's"),
        ] {
            let found = try failure {
                _ = try ResourceChange.patch(
                    .vm, id: "v2", try json("{\"nics\": [\(nic)]}"), in: cluster, at: Self.now)
            }
            #expect(found.description.contains(reason), "\(found.description)")
        }
        // In another network both are free.
        let free = #"{"nics": [{"network": "red", "mac": "02:00:00:00:00:77"}]}"#
        #expect(throws: Never.self) {
            try ResourceChange.patch(.vm, id: "v2", try json(free), in: cluster, at: Self.now)
        }
    }

    @Test func aNICRestsOnItsNetworkAndItsGroups() throws {
        let nic = #"{"nics": [{"network": "blue", "security_groups": ["web", "g2"]}]}"#
        let change = try ResourceChange.patch(
            .vm, id: "v2", try json(nic), in: try Self.cluster(), at: Self.now)
        #expect(change.conditions.count == 6)
    }

    @Test func aVMWhoseNetworkIsGoneCanBeChangedOtherwise() throws {
        var cluster = try Self.cluster()
        cluster.put("networks/n1", nil, at: 8)
        cluster.put("security_groups/g1", nil, at: 8)
        #expect(throws: Never.self) {
            try ResourceChange.patch(
                .vm, id: "v1", .object(["state": .string("stop")]), in: cluster, at: Self.now)
        }
    }

    @Test func aSecurityGroupNamesItselfAndOthersThatAreThere() throws {
        func rules(_ group: String) throws -> JSONValue {
            try json(#"{"name": "new", "rules": [{"direction": "ingress", "group": "\#(group)"}]}"#)
        }
        let cluster = try Self.cluster()
        for group in ["new", "web", "g2"] {
            #expect(throws: Never.self) {
                try ResourceChange.create(
                    .securityGroup, id: "g9", try rules(group), in: cluster, at: Self.now)
            }
        }
        let found = try failure {
            _ = try ResourceChange.create(
                .securityGroup, id: "g9", try rules("nobody"), in: cluster, at: Self.now)
        }
        #expect(found.fields.map(\.path) == ["rules.0.group"])
        let renamed = try failure {
            _ = try ResourceChange.patch(
                .securityGroup, id: "g1", .object(["name": .string("www")]), in: cluster,
                at: Self.now)
        }
        #expect(renamed.description.contains("in use by security-group db"))
    }

    // MARK: What is shown

    @Test func anAddressIsFoundByItself() throws {
        let cluster = try Self.cluster([
            (
                "addresses/n2/10.7.0.99",
                #"{"vm": "v2", "vm_create_revision": 4, "mac": "02:00:00:00:00:02"}"#
            ),
            (
                "addresses/n3/10.7.0.99",
                #"{"vm": "v2", "vm_create_revision": 4, "mac": "02:00:00:00:00:03"}"#
            ),
        ])
        #expect(try cluster.find(.address, "10.7.0.9") == "10.7.0.9@n1")
        #expect(try cluster.find(.address, "10.7.0.99@red") == "10.7.0.99@n2")
        #expect(try cluster.find(.address, "10.7.0.99@n3") == "10.7.0.99@n3")
        let both = try failure { _ = try cluster.find(.address, "10.7.0.99") }
        #expect(both.description.contains("held in 2 networks"))
        let none = try failure { _ = try cluster.find(.address, "10.7.0.10") }
        #expect(none.status == .notFound)
        let resource = try #require(try cluster.resource(.address, "10.7.0.9@n1"))
        guard case .object(let fields) = try resource.document else {
            Issue.record("no document")
            return
        }
        #expect(fields["vm"] == .string("web") && fields["network"] == .string("blue"))
        let listed = cluster.addressListing(of: NetworkID(unchecked: "n1"), at: Self.now)
        #expect(listed.items.map(\.id) == ["10.7.0.9@n1"])
        let held = cluster.addressListing(heldBy: VMID(unchecked: "v2"), at: Self.now)
        #expect(held.items.count == 2)
    }

    @Test func aNetworkTellsHowFullItIs() throws {
        let rows = try Self.cluster().subnetRows(NetworkID(unchecked: "n1"))
        #expect(
            rows == [["10.7.0.0/24", "10.7.0.1", "", "10.7.0.2-10.7.0.254", "1 of 253", ""]])
    }
}
