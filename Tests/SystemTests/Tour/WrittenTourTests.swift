import Etcd
import Foundation
import MetaStackModel
import MetaStackStore
import Testing

extension SystemTests {
    /// The README's tour as it is written there, so that the page cannot say what is not so.
    @Suite struct WrittenTours {
        @Test func everyLineOfItDoesWhatThePageShows() async throws {
            try await Fixture.run { test in
                let tour = try WrittenTourRun(test)
                try await tour.run(
                    ["METASTACK_CONFIG": test.lab.managementConfig], withServer: true)
            }
        }

        @Test func everyLineDoesTheSameThroughAServer() async throws {
            try await Fixture.run { test in
                let tour = try WrittenTourRun(test)
                try await ManagementServer.run(test) { server in
                    try await server.login()
                    try await tour.run(server.environment, withServer: false)
                }
            }
        }

        /// By commands, by curl and on the page the README is read line by line, and the same is done: a line
        /// that they do not know ends them all.
        @Test func theOtherToursKnowEachLineAndRefuseWhatIsNew() throws {
            let steps = try WrittenTour.read().steps.map { try TourStep($0.line) }
            #expect(steps.count { $0 != .other } > 25)
            #expect(
                try TourStep("metastack flavour add small --vcpus 1 --ram 256MiB --disk 1GiB")
                    == .addFlavour(
                        FlavourWish(name: "small", vcpus: "1", ram: "256MiB", disk: "1GiB")))
            for line in [
                "metastack vm stop web", "metastack vm list -l app=shop", "metastack vm move",
                "metastack vm create web --flavour small --image guest --host host1",
                "metastack rebalance", "etcdctl del /metastack/images/guest",
                "metastack serve --listen 0.0.0.0:1 &",
            ] {
                #expect(throws: SystemTestError.self, "\(line)") { try TourStep(line) }
            }
        }
    }
}

/// One run of it over the lab, with the page's own names.
private struct WrittenTourRun: Sendable {
    let test: Fixture
    let folder: URL
    let script: WrittenTourScript

    init(_ test: Fixture) throws {
        self.test = test
        folder = try test.folder()
        script = WrittenTourScript(
            tour: try WrittenTour.read(), endpoint: test.lab.endpoint,
            listen: "127.0.0.1:\(try freePort("127.0.0.1"))")
    }

    func run(_ environment: [String: String], withServer: Bool) async throws {
        test.later { [test] in try await test.lab.forgetTheTour() }
        let steps = script.steps(withServer: withServer)
        let file = folder.appending(path: "tour.sh")
        try Data(script.text(steps).utf8).write(to: file)
        let lab = test.lab
        let root = Lab.deploy.appending(path: "..").standardizedFileURL.path
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let ended = try await Command(
            ["env", "--chdir", root, "bash", file.path],
            environment: environment.merging([
                "PATH": "\(lab.binaries.path):\(path)", "METASTACK_LAB": lab.folder.path,
                "OUT": folder.path, "ETCDCTL_API": "3", "ETCDCTL_ENDPOINTS": lab.endpoint,
            ]) { $1 }, timeout: .seconds(400)
        ).run()
        for (number, step) in steps { try check(step, number) }
        #expect(ended.status == 0, "\(ended.errors)")
        try checkTheCount()
    }

    private func output(_ number: Int, _ end: String = "") throws -> String {
        try String(contentsOf: folder.appending(path: "\(number)\(end)"), encoding: .utf8)
    }

    /// A line ends well, and says all that the page shows for it.
    private func check(_ step: WrittenTour.Step, _ number: Int) throws {
        guard let text = try? output(number, ".status"),
            let status = Int(text.trimmingCharacters(in: .newlines))
        else {
            Issue.record("the tour did not reach \(step.line)")
            return
        }
        let said = try output(number)
        let errors = try output(number, ".errors")
        if step.isSilent {
            #expect(said.isEmpty, "\(step.line)")
        } else {
            // A doctor who finds something ends with 1.
            let isFine = status == 0 || status == 1 && step.line.hasPrefix("metastack doctor")
            #expect(isFine, "\(step.line) ended with \(status): \(errors)\(said)")
        }
        let shapes = Set(said.split(whereSeparator: \.isNewline).map { LineShape(String($0)) })
        for line in step.said {
            #expect(
                shapes.contains(LineShape(line)),
                "\(step.line) does not say \"\(line)\", but:\n\(said)\(errors)")
        }
    }

    /// The guest went on from no older number than the page's reader had seen.
    private func checkTheCount() throws {
        let looks = script.tour.steps.enumerated().filter { $0.element.line.contains(" console ") }
        let numbers = try looks.map { number, _ in
            try output(number).matches(of: /counter=([0-9]+)/).compactMap { Int($0.1) }
        }
        let before = try #require(numbers.first?.last)
        let after = try #require(numbers.last?.first)
        #expect(looks.count == 2 && after >= before)
    }
}

extension Lab {
    /// Removes what the tour makes, as far as it is there, and boots the host that it killed.
    fileprivate func forgetTheTour() async throws {
        for host in Self.hosts { try await bootIfDown(host) }
        let ids = try await store.load().desiredVMs
            .filter { ["web", "hello", "blog"].contains($0.value.value.name.text) }.map(\.key)
        for id in ids + [VMID(unchecked: "bad")] {
            try await client.delete(.key(Key("/metastack/desired_vms/\(id)")))
        }
        try await eventually("nothing is left of the tour's VMs") {
            let cluster = try await store.load()
            return ids.allSatisfy { cluster.actualVMs[$0] == nil && cluster.volumes[$0] == nil }
        }
        for (id, flavour) in try await store.load().flavours
        where flavour.value.name.text == "small" {
            try await client.delete(.key(Key("/metastack/vm_flavours/\(id)")))
        }
        if let image = try await imageID(named: "guest") {
            try await client.delete(.key(Key("/metastack/images/\(image)")))
            try await eventually("the tour's image is gone") {
                try await store.load().actualImages[image] == nil
            }
        }
        for (id, token) in try await store.load().tokens where token.value.name.text == "me" {
            try await client.delete(.key(Key("/metastack/tokens/\(id)")))
        }
        for (id, wanted) in try await store.load().desiredHosts
        where wanted.value.state == .maintenance {
            try await succeed("host", "ready", id.text)
        }
    }
}
