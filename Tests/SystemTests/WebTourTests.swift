import Foundation
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

extension SystemTests {
    /// The tour of the README, step by step on the web page, in a real Chromium.
    @Suite struct WebTour {
        @Test func everythingOfTheTourIsDoneOnThePage() async throws {
            try await Fixture.run { test in
                try await ManagementServer.run(test) { server in
                    try await Browser.run { browser in
                        let tour = PageTour(test: test, server: server, browser: browser)
                        try await tour.logIn()
                        try await tour.addImageAndFlavour()
                        let vm = try await tour.createVM()
                        try await tour.killItsHost(vm)
                        try await tour.explain(vm)
                        try await tour.move(vm)
                        try await tour.maintain(vm)
                        try await tour.lookAtEventsAndDoctor()
                        try await tour.showWhatEtcdctlWrites()
                        try await tour.makeAToken()
                        try await tour.turnSwitches()
                        try await tour.delete(vm)
                        let wrong = try await browser.console().filter { $0.hasPrefix("SEVERE") }
                        #expect(wrong == [])
                    }
                }
            }
        }
    }
}

/// One walk through the tour. Its image, flavour and VM have names of the test's own.
struct PageTour {
    let test: Fixture
    let server: ManagementServer
    let browser: Browser

    var lab: Lab { test.lab }
    var web: String { test.name("web") }

    func logIn() async throws {
        let admin = test.name("admin")
        let token = try await lab.succeed("token", "create", admin, "--role", "admin")
            .trimmingCharacters(in: .newlines)
        test.later { [lab] in try await lab.succeed("token", "revoke", admin, "--yes") }
        try await browser.open(server.url + "/login")
        try await browser.send("login", ["token": token])
        try await browser.wait("the overview", "return location.pathname === '/'")
    }

    func addImageAndFlavour() async throws {
        let (image, flavour) = (test.name("guest"), test.name("small"))
        test.later { [lab] in
            try await lab.succeed("image", "delete", image, "--yes")
            try await lab.succeed("flavour", "delete", flavour, "--yes")
        }
        let file = try await lab.tool("build-image").trimmingCharacters(in: .newlines)
        try await browser.open(server.url + "/images")
        try await browser.send("add", ["name": image, "url": "file://\(file)"])
        try await browser.wait(
            "the image is ready", limit: .seconds(120),
            """
            return [...document.querySelectorAll('#images-table tbody tr')].some((row) =>
              row.innerText.includes(arguments[0]) && row.querySelector('.state.good'))
            """, .string(image))
        try await browser.open(server.url + "/flavours")
        try await browser.send(
            "add", ["name": flavour, "vcpus": "1", "ram": "256MiB", "disk": "1GiB"])
        try await browser.wait(
            "the flavour", "return document.body.innerText.includes(arguments[0])",
            .string(flavour))
    }

    func createVM() async throws -> Guest {
        try await browser.open(server.url + "/vms/new")
        try await browser.send(
            "vm", ["name": web, "flavour": test.name("small"), "image": test.name("guest")])
        try await waitUntilItRuns()
        let cluster = try await lab.store.load()
        let id = try #require(cluster.desiredVMs.first { $0.value.value.name.text == web }?.key)
        let vm = test.guest(id: id)
        try await browser.open(server.url + "/vms")
        try await browser.wait(
            "its row",
            "return document.getElementById(arguments[0])?.innerText.includes('running')",
            .string("vm-\(id)"))
        return vm
    }

    private func waitUntilItRuns(notOn host: HostID? = nil) async throws {
        try await browser.wait(
            "the guest runs", limit: .seconds(90),
            """
            return document.querySelector('#vm-state .state')?.textContent === 'running' &&
              document.querySelector('#vm-state a').textContent !== arguments[0]
            """, .string(host?.text ?? ""))
    }

    func killItsHost(_ vm: Guest) async throws {
        try await browser.open(server.url + "/vms/\(web)")
        let old = try await vm.counting(past: 2)
        let host = old.value.host
        let number = try #require(vm.console(on: host).last)
        try await lab.tool("kill", host.text)
        test.later { [lab] in try await lab.bootIfDown(host) }
        try await waitUntilItRuns(notOn: host)
        let new = try await vm.counting(past: number)
        #expect(try #require(vm.console(on: new.value.host).boots.first) >= number)
        // Who was shut out is said.
        try await browser.wait(
            "the eviction",
            """
            return [...document.querySelectorAll('#past tbody tr')].some((row) =>
              row.innerText.includes('evicted') && row.innerText.includes('of host ' + arguments[0]))
            """, .string(host.text))
        try await browser.open(server.url + "/hosts")
        try await browser.wait(
            "the host is gone",
            // A host that somebody labelled or drained keeps its row.
            """
            const row = document.getElementById(arguments[0])
            return row === null || row.innerText.includes('absent')
            """,
            .string("host-\(host)"))
        try await lab.boot(host)
        try await browser.wait(
            "the host is back", limit: .seconds(60),
            "return document.getElementById(arguments[0])?.innerText.includes('ready')",
            .string("host-\(host)"))
    }

    func explain(_ vm: Guest) async throws {
        let host = try #require(try await vm.claim()).value.host
        try await browser.open(server.url + "/vms/\(web)")
        let verdict = "return document.getElementById('verdict').textContent"
        let now = try await browser.script(verdict)
        #expect(try #require(now.text).hasPrefix("It is on \(host), "), "\(now)")
        try await browser.send("suppose", ["lost": host.text])
        let then = try #require(try await browser.script(verdict).text)
        #expect(then.hasPrefix("It would run on ") && !then.contains(host.text), "\(then)")
    }

    func move(_ vm: Guest) async throws {
        let old = try #require(try await vm.claim()).value.host
        let boots = vm.boots()
        try await browser.open(server.url + "/vms/\(web)")
        try await browser.send("move", ["to": ""])
        try await waitUntilItRuns(notOn: old)
        try await vm.counting()
        // It went on without a boot.
        #expect(vm.boots() == boots)
    }

    func maintain(_ vm: Guest) async throws {
        let host = try #require(try await vm.claim()).value.host
        try await browser.open(server.url + "/hosts/\(host)")
        test.later { [lab] in try await lab.succeed("host", "ready", host.text) }
        try await browser.send("maintenance", ["reason": "new memory"])
        try await browser.wait(
            "it is empty", limit: .seconds(90),
            """
            return document.getElementById('host-state').innerText.includes('maintenance: new memory') &&
              document.getElementById('vms-table').tBodies[0].rows.length === 0
            """)
        try await vm.counting()
        try await browser.send("ready", [:])
        try await browser.wait(
            "it is ready",
            "return document.getElementById('host-state').innerText.includes('ready')")
        try await browser.open(server.url + "/rebalance")
        let plan = try await browser.script(
            "return document.getElementById('plan-sentence').textContent")
        #expect(try #require(plan.text).hasPrefix("The fullest host is "))
    }
}
