import Foundation
import MetaStackModel
import MetaStackStore
import Testing

extension SystemTests {
    /// What makes no sense harms only itself, and whoever wrote it is told.
    @Suite struct BadInput {
        @Test func nonsenseInEtcdHarmsNobodyElse() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let witness = try await test.start("witness")
                let claim = try #require(try await witness.claim())
                let desired = "desired_vms/" + test.prefix
                try await test.put(desired + "-broken", #"{"name": "broken", "flav"#)
                try await test.put(desired + "-types", #"{"name": 7, "flavour": [], "image": {}}"#)
                try await test.put(desired + "-state", record("state", state: "sideways"))
                try await test.put(desired + "-no 'id\"; --<&>", record("quotes"))
                try await test.put(desired + "-deep/er", record("deep"))
                try await test.put(desired + "-..", record("dots"))
                try await test.put(desired + "-flavour", record("f", flavour: "no-such"))
                try await test.put(desired + "-image", record("i", image: "no-such"))
                try await test.put("vm_flavours/\(test.prefix)", "[]")
                try await test.put(
                    "images/\(test.prefix)", #"{"name": "../../x", "url": "ftp://"}"#)
                try await test.put("hosts/\(test.prefix)", "nonsense")

                for (suffix, sentence) in [
                    ("broken", "desired_vms"), ("types", "name"), ("state", "sideways"),
                    ("flavour", #"there is no flavour "no-such""#),
                    ("image", #"there is no image "no-such""#),
                ] {
                    let shown = try await lab.succeed("vm", "show", test.name(suffix))
                    #expect(shown.contains(sentence), "\(suffix): \(shown)")
                }
                // A VM that makes sense starts all the same, and the one that ran runs on.
                try await test.start("sane")
                let now = witness.console(on: claim.value.host).last ?? 0
                try await witness.counting(past: now + 3)
                #expect(try await witness.claim()?.incarnation == claim.incarnation)
                #expect(witness.console(on: claim.value.host).boots.count == 1)
                let claims = try await lab.store.load().actualVMs.keys.map(\.text)
                    .filter { $0.hasPrefix(test.prefix) }
                #expect(claims.sorted() == [test.name("sane"), test.name("witness")])
                #expect(try await lab.store.load().hosts.count == Lab.hosts.count)
            }
        }

        @Test func aVMThatNoHostCanHoldStaysPendingWithTheReason() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                try await test.put(
                    "vm_flavours/\(test.name("huge"))",
                    #"{"name": "\#(test.name("huge"))", "vcpus": 1, "ram": 9000000}"#)
                let name = test.name("giant")
                let answer = try await lab.metastack(
                    "vm", "create", name, "--flavour", test.name("huge"), "--image", "tiny",
                    "--wait", "--timeout", "2s")
                let id = try await lab.store.load().desiredVMs.first {
                    $0.value.value.name.text == name
                }
                _ = test.guest(id: try #require(id?.key))
                #expect(answer.status == 6)
                let shown = try await lab.succeed("vm", "show", name)
                #expect(shown.contains("pending: no host can take it"))
                for host in Lab.hosts { #expect(shown.contains("\(host): ")) }
                #expect(
                    shown.contains("9000000 MiB") || shown.contains("RAM")
                        || shown.contains("memory"))
            }
        }

        @Test func theCommandSaysInOneSentenceWhatIsWrong() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                for (words, status, sentence) in [
                    (["vm", "list", "--endpoints", "http://127.0.0.1:9"], 5, "cannot reach etcd"),
                    (["vm", "show", test.name("nobody")], 3, "there is no vm"),
                    (["vm", "create", "../x", "--flavour", "tiny", "--image", "tiny"], 2, "name"),
                    (
                        [
                            "vm", "create", String(repeating: "x", count: 300), "--flavour", "tiny",
                            "--image", "tiny",
                        ], 2, "300 characters"
                    ),
                    (
                        ["vm", "create", test.prefix, "--flavour", "tiny", "--image", "no"], 3,
                        "there is no image"
                    ),
                    (
                        ["flavour", "add", "tiny", "--vcpus", "1", "--ram", "1GiB"], 4,
                        "tiny already"
                    ),
                    (["image", "add", test.prefix, "/no/such/file"], 3, "there is no file"),
                    (["vm", "list", "--config", "/no/such.yaml"], 2, "/no/such.yaml"),
                ] as [([String], Int32, String)] {
                    let answer = try await lab.metastack(words)
                    #expect(answer.status == status, "\(words): \(answer.errors)")
                    #expect(answer.errors.contains(sentence), "\(words): \(answer.errors)")
                    #expect(answer.text.isEmpty)
                }
            }
        }

        private func record(
            _ name: String, flavour: String = "tiny", image: String = "tiny",
            state: String = "start"
        ) -> String {
            #"{"name": "\#(name)", "flavour": "\#(flavour)", "image": "\#(image)", "state": "\#(state)"}"#
        }
    }
}
