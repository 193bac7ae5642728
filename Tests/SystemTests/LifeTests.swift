import Foundation
import MetaStackModel
import MetaStackStore
import Testing

extension SystemTests {
    /// A VM from the record that asks for it to the last trace of it.
    @Suite struct Life {
        @Test func aStrangersRecordRunsAndNothingIsLeftTwoSecondsAfterItsEnd() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let web = test.guest("web")
                try await lab.etcdctl(
                    "put", "/metastack/desired_vms/\(web.id)",
                    #"{"name": "web", "flavour": "tiny", "image": "tiny", "state": "start"}"#)
                let claim = try await web.counting()
                let image = try await web.image()
                #expect(web.console(on: claim.value.host).boots == [0])
                let before = try await lab.counter(image)
                try await eventually("the counter on the disk grows") {
                    try await lab.counter(image) > before
                }

                try await lab.etcdctl("del", "/metastack/desired_vms/\(web.id)")
                try await eventually(
                    "all records are gone", within: .seconds(2), every: .milliseconds(20)
                ) {
                    try await lab.etcdctl("get", "--prefix", "--keys-only", "/metastack/")
                        .contains(web.id.text) == false
                }
                // The records go last, so nothing else may be there any more.
                let images = try await lab.images(in: "vms")
                #expect(!images.contains(image))
                #expect(try await web.domainState(on: claim.value.host) == nil)
                #expect(try await lab.rbd("trash", "ls", "vms").isEmpty)
            }
        }

        /// Ceph keeps the lock of a client that says nothing for half a minute: not of one that is evicted.
        @Test func aGuestWhoseQEMUIsKilledRunsAgainAndWhatItHadSentIsShutOut() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let vm = try await test.start("killed")
                let old = try await vm.counting(past: 2)
                let host = old.value.host
                _ = try await lab.execute(host, "pkill", "-KILL", "-f", "guest=\(vm.domain),")
                    .checked("pkill")
                try await eventually("it has booted again and counts") {
                    let console = vm.console(on: host)
                    return console.boots.count == 2
                        && (console.last ?? 0) > (console.boots.last ?? 0) + 2
                }
                let new = try #require(try await vm.claim())
                #expect(new.value.host == host)
                #expect(Set(new.value.clients).isDisjoint(with: old.value.clients))
                let listed = Set(try await lab.blocklist())
                #expect(listed.isSuperset(of: old.value.clients.map(\.address)))
            }
        }

        @Test func commandsCreateStopStartAndDeleteAVM() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let name = test.name("cli")
                let created = try await lab.json(
                    "vm", "create", name, "--flavour", "tiny", "--image", "tiny", "--wait")
                let vm = test.guest(id: VMID(unchecked: try #require(created["id"]?.text)))
                let claim = try await vm.counting()
                let host = claim.value.host
                let shown = try await lab.json("vm", "show", name)
                #expect(shown["actual"]?["record"]?["host"]?.text == host.text)
                #expect(
                    shown["actual"]?["record"]?["incarnation"] == .integer(claim.incarnation.number)
                )
                #expect(try await lab.succeed("vm", "list").contains(name))

                try await lab.succeed("vm", "stop", name, "--wait")
                #expect(try await vm.domainState(on: host) == nil)
                let console = vm.console(on: host)
                #expect(console.hasGoneDown, "it was asked to shut down, not cut off")
                let last = try #require(console.last)
                let image = try await vm.image()
                // The farewell may come between a number's write and its line.
                let onDisk = try await lab.counter(image)
                #expect((last...last + 1).contains(onDisk))

                try await lab.succeed("vm", "start", name, "--wait")
                let again = try await vm.counting(past: onDisk)
                #expect(vm.console(on: again.value.host).boots.last == onDisk)
                #expect(try await vm.image() == image)

                try await lab.succeed("vm", "delete", name, "--wait")
                #expect(try await !lab.images(in: "vms").contains(image))
                #expect(try await lab.metastack("vm", "show", name).status == 3)
            }
        }
    }
}

extension JSONValue {
    /// A field of an object.
    subscript(name: String) -> JSONValue? {
        if case .object(let fields) = self { fields[name] } else { nil }
    }

    var text: String? {
        if case .string(let text) = self { text } else { nil }
    }
}
