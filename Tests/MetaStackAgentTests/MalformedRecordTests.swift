import MetaStackAgent
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

extension AgentTests {
    struct MalformedRecordTests {
        @Test(arguments: ["desired_vms/web", "vm_history/web", "volumes/web.root"])
        func touchesNothingOfItsVMAndServesTheOthers(_ path: String) async throws {
            try await TestFleet.run { fleet in
                let host = try await fleet.startHosts()[0]
                try await fleet.want("web")
                let before = try await fleet.until("web runs") { $0.isRunning("web") }
                try await fleet.put(path, "{nonsense")
                try await fleet.want("db")
                let after = try await fleet.until("db runs") { $0.isRunning("db") }
                #expect(after.malformed.keys.sorted() == [path])
                #expect(after.claim("web") == before.claim("web"))
                #expect(await host.hypervisor.localDomain(web)?.state == .running)
                #expect(await host.hypervisor.created == 2)
                #expect(await fleet.storage.disks.keys.count { $0.pool.text == "vms" } == 2)
                #expect(fleet.log.tail.contains("record \(path) is malformed"))
            }
        }

        @Test func aRecordThatIsMendedIsActedOnAgain() async throws {
            try await TestFleet.run { fleet in
                let host = try await fleet.startHosts()[0]
                try await fleet.put("desired_vms/web", #"{"name": "web", "flavour": 5}"#)
                try await fleet.want("db")
                try await fleet.until("db runs") { $0.isRunning("db") }
                #expect(try await fleet.store.load().claim("web") == nil)
                try await fleet.want("web")
                try await fleet.until("web runs") { $0.isRunning("web") }
                #expect(await host.hypervisor.created == 2)
            }
        }
    }
}
