import LinuxNetwork
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

@testable import MetaStackAgent

extension AgentTests {
    /// What agents tell guests about themselves.
    struct MetadataTests {
        private static let key =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHCAjW6hJU2G/wLrud9l4vnrdXTJDh1eov19eEumbDOQ"
        private static let keys = "/latest/meta-data/public-keys/"

        private func want(
            _ vm: String, _ fleet: TestFleet, _ cloudInit: String = "{}"
        ) async throws {
            try await fleet.put(
                "desired_vms/\(vm)",
                """
                {"name": "\(vm)", "flavour": "tiny", "image": "tiny", "state": "start",
                 "nics": [{"network": "blue"}], "cloud_init": \(cloudInit)}
                """)
        }

        /// A host with one guest, and the guest's address.
        private func withGuest(
            _ cloudInit: String = "{}",
            _ body:
                @escaping @Sendable (TestFleet, FakeGuestNetwork, IPAddress) async throws -> Void
        ) async throws {
            try await TestFleet.run { fleet in
                let host = try await fleet.startHosts()[0].host
                try await fleet.addNetwork("blue", "10.7.0.0/28")
                for name in ["alice", "bob"] {
                    try await fleet.put(
                        "ssh_keys/\(name)",
                        #"{"public_key": "\#(Self.key)", "comment": "\#(name)"}"#)
                }
                try await want("web", fleet, cloudInit)
                let cluster = try await fleet.until("web runs") { $0.isRunning("web") }
                let nic = try #require(cluster.claim("web")?.value.nics.first)
                try await body(fleet, host.network, try #require(nic.addresses.first))
            }
        }

        @Test func keysThatChangeReachAGuestThatRunsAtOnce() async throws {
            try await withGuest(#"{"ssh_keys": ["alice"]}"#) { fleet, network, address in
                #expect(network.ask(Self.keys, from: address)?.text == "0=alice")
                let claim = try await fleet.store.load().claim("web")
                try await want("web", fleet, #"{"ssh_keys": ["bob", "alice"]}"#)
                try await fleet.eventually("it is told of bob's") {
                    network.ask(Self.keys, from: address)?.text == "0=bob\n1=alice"
                }
                try await want("web", fleet)
                try await fleet.eventually("it is told of none") {
                    network.ask(Self.keys, from: address)?.status == 404
                }
                // It is the same guest all the while.
                let now = try await fleet.store.load().claim("web")
                #expect(now?.value.since == claim?.value.since)
            }
        }

        @Test func eachGuestIsToldItsOwnAndNoneIsToldAfterItsVMIsGone() async throws {
            try await withGuest { fleet, network, address in
                try await want("other", fleet)
                let cluster = try await fleet.until("both run") { $0.isRunning("other") }
                let second = try #require(cluster.claim("other")?.value.nics.first?.addresses.first)
                let path = "/latest/meta-data/local-hostname"
                #expect(network.ask(path, from: address)?.text == "web")
                #expect(network.ask(path, from: second)?.text == "other")
                #expect(network.ask(path, from: second, method: "HEAD")?.status == 200)
                #expect(network.ask(path, from: second, method: "DELETE")?.status == 405)
                try await fleet.delete("desired_vms/other")
                try await fleet.eventually("nobody is there to be told") {
                    network.ask(path, from: second)?.status != 200
                }
            }
        }

        @Test func aTokenIsGoodForItsGuestAndItsTime() async throws {
            try await withGuest { fleet, network, address in
                try await want("other", fleet)
                let cluster = try await fleet.until("both run") { $0.isRunning("other") }
                let second = try #require(cluster.claim("other")?.value.nics.first?.addresses.first)
                let (path, seconds) = ("/latest/api/token", "x-aws-ec2-metadata-token-ttl-seconds")
                let given = try #require(
                    network.ask(path, from: address, method: "PUT", headers: [seconds: "60"]))
                #expect(given.status == 200 && given.headers == [seconds: "60"])
                let shown = ["x-aws-ec2-metadata-token": given.text]
                let id = "/latest/meta-data/instance-id?x"
                #expect(network.ask(id, from: address, headers: shown)?.status == 200)
                #expect(network.ask(id, from: second, headers: shown)?.status == 401)
                #expect(
                    network.ask(
                        id, from: address, headers: ["x-aws-ec2-metadata-token": "9999999999999.x"]
                    )?.status == 401)
                #expect(network.ask(id, from: address)?.status == 200)
                for wrong in [[:], [seconds: "0"], [seconds: "21601"], [seconds: "x"]] {
                    let answer = network.ask(path, from: address, method: "PUT", headers: wrong)
                    #expect(answer?.status == 400)
                }
                let throughProxy = network.ask(
                    path, from: address, method: "PUT",
                    headers: [seconds: "60", "x-forwarded-for": "10.0.0.1"])
                #expect(throughProxy?.status == 403)
                #expect(network.ask("/latest/x", from: address, method: "PUT")?.status == 404)
            }
        }

        @Test func aTokenRunsOut() throws {
            let (tokens, begin) = (MetadataTokens(), Timestamp(milliseconds: 1_000_000))
            let token = tokens.token(for: web, at: begin, seconds: 10)
            #expect(tokens.isGood(token, for: web, at: Timestamp(milliseconds: 1_009_999)))
            #expect(!tokens.isGood(token, for: web, at: Timestamp(milliseconds: 1_010_000)))
            #expect(!tokens.isGood("2\(token)", for: web, at: begin))
            #expect(!MetadataTokens().isGood(token, for: web, at: begin))
        }
    }
}
