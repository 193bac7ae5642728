import Foundation
import MetaStackModel
import MetaStackStore
import Testing

extension SystemTests {
    /// Whatever works on etcd works through `metastack serve`: by the same commands, and by curl.
    @Suite struct Server {
        @Test func theTourIsTheSameThroughTheServer() async throws {
            try await Fixture.run { test in
                try await ManagementServer.run(test) { server in
                    let lab = test.lab
                    try await server.login()
                    let (flavour, name) = (test.name("small"), test.name("tour"))
                    try await server.succeed(
                        "flavour", "add", flavour, "--vcpus", "1", "--ram", "128MiB")
                    test.later { try await lab.succeed("flavour", "delete", flavour, "--yes") }
                    let created = try await server.succeed(
                        "vm", "create", name, "--flavour", flavour, "--image", "tiny", "--wait",
                        "--quiet")
                    let vm = test.guest(
                        id: VMID(unchecked: created.trimmingCharacters(in: .newlines)))
                    let old = try await vm.counting(past: 1)

                    // What is shown is the same, whichever way it came.
                    for words in [
                        ["vm", "list", "-o", "json"], ["vm", "show", name, "-o", "yaml"],
                        ["host", "list", "-o", "name"], ["image", "list", "-o", "json"],
                        ["explain", name, "-o", "json"], ["volume", "list", "-o", "name"],
                        ["config", "list", "-o", "json"], ["takeover", "status", "-o", "json"],
                    ] {
                        let direct = try await lab.metastack(words).checked("\(words)")
                        #expect(try await server.succeed(words) == direct, "\(words)")
                    }

                    let moved = try await server.succeed("vm", "move", name, "--wait")
                    #expect(moved.contains("has moved"), "\(moved)")
                    let new = try #require(try await lab.store.load().actualVMs[vm.id])
                    #expect(new.value.host != old.value.host)
                    try await server.succeed("vm", "set", name, "labels.tier=web")
                    #expect(try await server.succeed("vm", "list", "-l", "tier=web").contains(name))
                    try await server.succeed("vm", "stop", name, "--wait")
                    #expect(try await vm.domainState(on: new.value.host) == nil)
                    try await server.succeed("vm", "delete", name, "--yes", "--wait")
                    let refused = try await server.metastack(["vm", "show", name])
                    #expect(refused.status == 3)
                    #expect(refused.errors.contains("there is no vm"), "\(refused.errors)")
                }
            }
        }

        @Test func aVMLivesAndDiesByCurl() async throws {
            try await Fixture.run { test in
                try await ManagementServer.run(test) { server in
                    let name = test.name("curl")
                    let vm = test.guest(id: VMID(unchecked: name))
                    let body =
                        #"{"name":"\#(name)","flavour":"tiny","image":"tiny","state":"start"}"#
                    #expect(try await server.curl("PUT", "vms/\(name)", body) == 202)
                    let claim = try await vm.counting()
                    #expect(
                        try await server.curl("PATCH", "vms/\(name)", #"{"state":"stop"}"#) == 202)
                    try await eventually("it is stopped") {
                        try await vm.domainState(on: claim.value.host) == nil
                    }
                    #expect(try await server.curl("DELETE", "vms/\(name)") == 202)
                    try await eventually("nothing is left") {
                        try await test.lab.store.load().volumes[vm.id] == nil
                    }
                }
            }
        }
    }
}
