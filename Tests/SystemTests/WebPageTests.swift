import Foundation
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

extension SystemTests {
    /// The web page of `metastack serve`, in a real Chromium, over real guests.
    @Suite struct WebPage {
        @Test func aVMOfTheFormRunsAndItsTakeoverIsSeenWithoutAReload() async throws {
            try await Fixture.run { test in
                try await ManagementServer.run(test) { server in
                    try await Browser.run { browser in
                        let name = test.name("page")
                        try await browser.logIn(to: server)
                        try await browser.create(name, at: server)
                        try await browser.script("window.isTheSame = true").ignored()
                        let cluster = try await test.lab.store.load()
                        let id = try #require(
                            cluster.desiredVMs.first { $0.value.value.name.text == name }?.key)
                        let vm = test.guest(id: id)

                        try await browser.wait(
                            "the guest runs", limit: .seconds(60),
                            "return document.querySelector('#vm-state .state').textContent === 'running'"
                        )
                        let old = try await vm.counting(past: 2)
                        let host = old.value.host.text
                        test.later { try await test.lab.boot(old.value.host) }
                        try await test.lab.tool("kill", host)

                        try await browser.wait(
                            "the guest runs elsewhere", limit: .seconds(60),
                            """
                            const host = document.querySelector('#vm-state a');
                            return document.querySelector('#vm-state .state').textContent === 'running' &&
                              host.textContent !== arguments[0]
                            """, .string(host))
                        try await browser.wait(
                            "the takeover's timeline", limit: .seconds(30),
                            """
                            const row = document.querySelector('#takeovers tbody tr');
                            return row?.cells[0].textContent === arguments[0] &&
                              row.cells[7].textContent.endsWith(' s')
                            """, .string(host))
                        #expect(
                            try await browser.script("return window.isTheSame === true")
                                == .bool(true))
                        try await browser.open(server.url + "/events")
                        let events = try await browser.script(
                            "return document.querySelector('#changes').innerText")
                        #expect(try #require(events.text).contains("vm \(name)"))
                        let wrong = try await browser.console().filter { $0.hasPrefix("SEVERE") }
                        #expect(wrong == [])
                    }
                }
            }
        }
    }
}

extension Browser {
    fileprivate func logIn(to server: ManagementServer) async throws {
        try await open(server.url + "/vms/new")
        try await type(server.token, into: "#login-token")
        try await click("#login button")
        try await wait("the form", "return location.pathname === '/vms/new'")
    }

    /// Fills in the form of a new VM and sends it.
    fileprivate func create(_ name: String, at server: ManagementServer) async throws {
        try await type(name, into: "#vm-name")
        for field in ["flavour", "image"] {
            try await type("tiny", into: "#vm-\(field)")
        }
        try await click("#vm button")
        try await wait(
            "the VM's page", "return location.pathname === '/vms/' + arguments[0]", .string(name))
    }
}

extension JSONValue {
    /// The value is of no interest.
    fileprivate func ignored() {}
}
