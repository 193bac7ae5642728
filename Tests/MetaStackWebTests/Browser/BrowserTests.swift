import Foundation
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

@testable import MetaStackWeb

/// The page in a real Chromium.
@Suite(.serialized) struct BrowserTests {
    @Test func whatIsWrittenIsShownWithoutAReload() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            try await Browser.run { browser in
                try await browser.logIn(server, .operate)
                try await browser.open(server.url + "/vms")
                try await browser.markThatThisIsTheSamePage()
                try await browser.waitUntilLive()

                try await server.putVM("late", id: "v2", on: "b")
                try await browser.wait(
                    "the new VM's row",
                    "return document.querySelector('#vm-v2 .state')?.textContent === 'running'")
                #expect(try await browser.names() == ["late", "web"])
                var claim = try ActualVM.sample(on: "b", message: "out of luck")
                claim.state = .failed
                try await server.put(.actualVM(VMID(unchecked: "v2")), claim)
                try await browser.wait(
                    "its failure",
                    """
                    return document.querySelector('#vm-v2').innerText.includes('out of luck') &&
                      document.querySelector('#vm-v2 .state').classList.contains('bad')
                    """)
                _ = try await server.store.write(
                    [
                        .delete(.desiredVM(VMID(unchecked: "v2"))),
                        .delete(.actualVM(VMID(unchecked: "v2"))),
                    ], if: [])
                try await browser.wait(
                    "its end", "return document.getElementById('vm-v2') === null")
                #expect(try await browser.isTheSamePage())

                try await browser.open(server.url + "/vms/web")
                try await browser.markThatThisIsTheSamePage()
                try await browser.waitUntilLive()
                try await server.put(
                    .actualVM(VMID(unchecked: "v1")), try ActualVM.sample(on: "b"))
                try await browser.wait(
                    "the other host",
                    "return document.querySelector('#vm-state a').textContent === 'b'")
                #expect(try await browser.isTheSamePage())
                #expect(try await browser.complaints() == [])
            }
        }
    }

    @Test func aVMIsCreatedByTheForm() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            try await Browser.run { browser in
                try await browser.logIn(server, .operate)
                try await browser.open(server.url + "/vms")
                try await browser.click("a[href='/vms/new']")
                try await browser.type("typed", into: "#vm-name")
                try await browser.type("app=x", into: "#vm-labels")
                try await browser.click("#vm button")
                try await browser.wait(
                    "the VM's page", "return location.pathname === '/vms/typed'")
                try await browser.open(server.url + "/vms")
                #expect(try await browser.names() == ["typed", "web"])
                let stored = try await server.store.load().desiredVMs.values.map(\.value)
                #expect(stored.contains { $0.name.text == "typed" && $0.labels == ["app": "x"] })
                #expect(try await browser.complaints() == [])
            }
        }
    }

    @Test func noNewsTakeAwayWhatSomebodyTypes() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            try await Browser.run { browser in
                try await browser.logIn(server, .operate)
                try await browser.open(server.url + "/vms/web")
                try await browser.waitUntilLive()
                try await browser.click("#delete-details summary")
                try await browser.type("we", into: "#delete-name")
                try await browser.script("window.scrollTo(0, 40)").done()
                try await server.put(
                    .actualVM(VMID(unchecked: "v1")),
                    try ActualVM.sample(on: "b", message: "news have come"))
                try await browser.wait(
                    "the news",
                    "return document.querySelector('#vm-state').innerText.includes('news have come')"
                )
                let kept = try await browser.script(
                    """
                    const input = document.querySelector('#delete-name');
                    return input.value === 'we' && document.activeElement === input &&
                      document.querySelector('#delete-details').open && window.scrollY > 0
                    """)
                #expect(kept == .bool(true))
                try await browser.type("b\u{e007}", into: "#delete-name")
                try await browser.wait("the list", "return location.pathname === '/vms'")
                #expect(try await server.store.load().desiredVMs.isEmpty)
            }
        }
    }

    @Test func theListIsFilteredWhileOneTypes() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            try await server.putVM("db", id: "v2", on: "b")
            try await Browser.run { browser in
                try await browser.logIn(server, .viewer)
                try await browser.open(server.url + "/vms?q=web")
                #expect(try await browser.names() == ["web"])
                try await browser.type("\u{8}\u{8}\u{8}db", into: "#q")
                try await browser.wait(
                    "the other VM",
                    """
                    return [...document.querySelectorAll('#vms tbody tr')]
                      .filter((row) => !row.hidden).map((row) => row.dataset.name).join() === 'db' &&
                      location.search.includes('q=db')
                    """)
                #expect(try await browser.complaints() == [])
            }
        }
    }

    @Test func everyPageWorksWithScriptsOff() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            try await Browser.run { browser in
                try await browser.allowScripts(false)
                try await browser.open(server.url + "/login?next=%2Fvms%2Fweb")
                try await browser.type(server.secrets[.operate] ?? "", into: "#login-token")
                try await browser.click("#login button")
                try await browser.click("#stop button")
                let cluster = try await server.store.load()
                #expect(cluster.desiredVMs[VMID(unchecked: "v1")]?.value.state == .stop)
                #expect(try await browser.url == server.url + "/vms/v1")
            }
        }
    }
}

extension Browser {
    func logIn(_ server: LiveServer, _ role: AccessToken.Role) async throws {
        try await open(server.url + "/login")
        try await type(server.secrets[role] ?? "", into: "#login-token")
        try await click("#login button")
        try await wait("the overview", "return location.pathname === '/'")
    }

    func waitUntilLive() async throws {
        try await wait(
            "the stream of events",
            "return document.getElementById('live').textContent === 'Live'")
    }

    func markThatThisIsTheSamePage() async throws {
        try await script("window.isTheSame = true").done()
    }

    func isTheSamePage() async throws -> Bool {
        try await script("return window.isTheSame === true") == .bool(true)
    }

    /// The names of the VMs that the list shows.
    func names() async throws -> [String] {
        let text = try await script(
            "return [...document.querySelectorAll('#vms tbody tr')]"
                + ".map((row) => row.dataset.name).join()")
        return text.text?.split(separator: ",").map(String.init) ?? []
    }

    /// What the console has that is wrong.
    func complaints() async throws -> [String] {
        try await console().filter { $0.hasPrefix("SEVERE") || $0.hasPrefix("WARNING") }
    }
}

extension JSONValue {
    /// The value is of no interest.
    func done() {}
}
