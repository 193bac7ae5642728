import Foundation
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

@testable import MetaStackWeb

extension BrowserTests {
    /// The page in a real Chromium.
    @Suite struct Live {
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
                    #expect(
                        stored.contains { $0.name.text == "typed" && $0.labels == ["app": "x"] })
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

        @Test func aPageThatNobodySeesHoldsNoConnectionAndCatchesUp() async throws {
            try await LiveServer.run { server in
                try await server.fill()
                try await Browser.run { browser in
                    try await browser.logIn(server, .operate)
                    try await browser.open(server.url + "/vms")
                    try await browser.waitUntilLive()
                    try await browser.show(false)
                    try await server.waitUntil(streams: 0)
                    try await server.putVM("meanwhile", id: "v2", on: "b")
                    try await browser.show(true)
                    try await browser.wait(
                        "what it has missed", "return document.getElementById('vm-v2') !== null")
                    try await server.waitUntil(streams: 1)
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

        @Test func formsWorkWithScriptsOff() async throws {
            try await LiveServer.run { server in
                try await server.fill()
                try await Browser.run { browser in
                    try await browser.allowScripts(false)
                    try await browser.open(server.url + "/login?next=%2Fvms%2Fweb")
                    try await browser.type(server.secrets[.operate] ?? "", into: "#login-token")
                    try await browser.click("#login button")
                    try await browser.wait(forURL: server.url + "/vms/web")
                    try await browser.click("#stop button")
                    try await server.waitUntil(.stop, of: "v1")
                    // The page that comes in its place has the other button.
                    try await browser.click("#start button")
                    try await server.waitUntil(.start, of: "v1")
                }
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

    /// Tells the page that its tab is seen, or is not.
    func show(_ isShown: Bool) async throws {
        try await script(
            """
            Object.defineProperty(
              document, 'visibilityState', { value: arguments[0], configurable: true });
            document.dispatchEvent(new Event('visibilitychange'))
            """, .string(isShown ? "visible" : "hidden")
        ).done()
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

extension LiveServer {
    /// Waits until a VM is wanted so.
    fileprivate func waitUntil(_ state: DesiredVM.State, of id: String) async throws {
        let end = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < end {
            let cluster = try await store.load()
            if cluster.desiredVMs[VMID(unchecked: id)]?.value.state == state { return }
        }
        throw TestingError("vm \(id) is not wanted \(state) after 20 s")
    }

    /// Waits until so many streams of events are open.
    fileprivate func waitUntil(streams: Int) async throws {
        let line = "metastack_event_streams \(streams)\n"
        let end = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < end {
            let metrics = try await send("GET", "/metrics", as: .viewer)
            if String(decoding: metrics.body, as: UTF8.self).contains(line) { return }
            // A server notices a closed stream when it writes to it.
            try await put(TakeoverSwitch.key, TakeoverSwitch(state: .armed))
        }
        throw TestingError("there are not \(streams) streams after 20 s")
    }
}

extension JSONValue {
    /// The value is of no interest.
    func done() {}
}
