import Foundation
import MetaStackManagement
import MetaStackModel
import MetaStackStore
import Testing

@testable import MetaStackWeb

/// Networks, security groups, NICs and addresses over HTTP.
@Suite struct NetworkRouteTests {
    private func text(_ body: Data) -> String { String(decoding: body, as: UTF8.self) }

    private func hold(_ address: String, of network: String, _ server: LiveServer) async throws {
        let id = try AddressID(network: network, address: address)
        try await server.put(
            .address(id),
            HeldAddress(
                vm: VMID(unchecked: "v1"), vmCreateRevision: Revision(1), nic: 0,
                mac: MACAddress(vm: VMID(unchecked: "v1"), nic: 0),
                since: Timestamp(milliseconds: 1_700_000_000_000)))
    }

    @Test func aNetworkIsPutReadUsedByAVMAndKeptWhileItIs() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            let put = try await server.send(
                "PUT", "/api/v1/networks/n1",
                #"{"name": "blue", "kind": "vxlan", "vni": 70, "subnets": [{"prefix": "10.7.0.0/24"}]}"#,
                as: .operate)
            try #require(put.status == 202, "\(text(put.body))")
            let group = try await server.send(
                "POST", "/api/v1/security-groups",
                #"{"name": "web", "rules": [{"direction": "ingress", "protocol": "tcp", "ports": 80}]}"#,
                as: .operate)
            try #require(group.status == 202, "\(text(group.body))")
            let patched = try await server.send(
                "PATCH", "/api/v1/vms/web",
                #"{"nics": [{"network": "blue", "addresses": ["10.7.0.5"], "security_groups": ["web"]}]}"#,
                as: .operate)
            try #require(patched.status == 202, "\(text(patched.body))")
            for path in ["networks/blue", "security-groups/web"] {
                let inUse = try await server.send("DELETE", "/api/v1/\(path)", as: .operate)
                #expect(inUse.status == 409 && text(inUse.body).contains("in use by vm web"))
            }
            try await hold("10.7.0.5", of: "n1", server)
            let smaller = try await server.send(
                "PATCH", "/api/v1/networks/blue", #"{"subnets": [{"prefix": "10.7.0.0/30"}]}"#,
                as: .operate)
            #expect(smaller.status == 409 && text(smaller.body).contains("held by vm web"))
            let read = try await server.send("GET", "/api/v1/networks/blue", as: .viewer)
            guard case .object(let fields) = try read.json else {
                Issue.record("no document")
                return
            }
            #expect(fields["held"] == .integer(1))
            #expect(fields["used_by"] == .array([.string("web")]))
        }
    }

    @Test func addressesAreReadAndNeverWritten() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            _ = try await server.send(
                "PUT", "/api/v1/networks/n1", #"{"name": "blue", "vni": 7}"#, as: .operate)
            try await hold("2001:db8::5", of: "n1", server)
            for word in ["2001:db8::5", "2001:db8::5@n1", "2001:db8::5@blue"] {
                let read = try await server.send(
                    "GET", "/api/v1/addresses/\(word.pathSegment)", as: .viewer)
                #expect(read.status == (word.hasSuffix("blue") ? 404 : 200), "\(word)")
            }
            let list = try await server.send("GET", "/api/v1/addresses?limit=5", as: .viewer)
            #expect(text(list.body).contains("2001:db8::5") && text(list.body).contains("web"))
            for method in ["PUT", "DELETE", "PATCH"] {
                let refused = try await server.send(
                    method, "/api/v1/addresses/2001:db8::5@n1", "{}", as: .admin)
                #expect(refused.status == 405)
            }
            let raw = try await server.send(
                "POST", "/api/v1/transactions",
                #"{"conditions": [], "writes": [{"path": "addresses/n1/2001:db8::5"}]}"#,
                as: .admin)
            #expect(raw.status >= 400, "nodes alone write them")
            #expect(try await server.store.load().addresses.all.count == 1)
        }
    }

    @Test func whatNoNetworkCanBeIs422WithItsField() async throws {
        try await LiveServer.run { server in
            for (kind, body, field) in [
                ("networks", #"{"name": "a", "vni": 0}"#, "vni"),
                (
                    "networks", #"{"name": "a", "subnets": [{"prefix": "10.0.0.1/24"}]}"#,
                    "subnets.0.prefix"
                ),
                ("networks", #"{"name": "a", "subnet": []}"#, "subnet"),
                (
                    "security-groups", #"{"name": "a", "rules": [{"direction": "in"}]}"#,
                    "rules.0.direction"
                ),
            ] {
                let reply = try await server.send("POST", "/api/v1/\(kind)", body, as: .operate)
                #expect(reply.status == 422)
                #expect(text(reply.body).contains("\"field\":\"\(field)\""), "\(text(reply.body))")
            }
        }
    }

    @Test func eventsTellOfNetworksAddressesAndGroups() throws {
        let id = try AddressID(network: "n1", address: "10.7.0.5")
        #expect(
            ChangedThing.all(of: .address(id)).map(\.kind) == [.address, .network])
        #expect(
            ChangedThing.all(of: .network(NetworkID(unchecked: "n1")))
                == [ChangedThing(kind: .network, id: "n1")])
        #expect(!ChangedThing(kind: .address, id: "nonsense").exists(in: Cluster()))
    }
}
