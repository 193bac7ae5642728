import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

@testable import MetaStackWeb

extension BrowserTests {
    /// What happens, and the switch for takeovers, as they are seen without a reload.
    @Suite struct LiveEvents {
        @Test func eventsComeAsTheyHappen() async throws {
            try await LiveServer.run { server in
                try await server.fill()
                try await Browser.run { browser in
                    try await browser.logIn(server, .operate)
                    try await browser.open(server.url + "/events?vm=web")
                    try await browser.markThatThisIsTheSamePage()
                    try await browser.waitUntilLive()
                    let id = VMID(unchecked: "v1")
                    for (number, state) in [ActualVM.State.paused, .running, .failed].enumerated() {
                        var claim = try ActualVM.sample(on: "a", message: "step \(number)")
                        claim.state = state
                        try await server.put(.actualVM(id), claim)
                        try await browser.wait(
                            "the event of \(state)",
                            """
                            const row = document.querySelector('#changes tbody tr');
                            return row.cells[1].textContent === 'vm web' &&
                              row.cells[2].textContent === arguments[0] &&
                              row.cells[3].textContent === arguments[1]
                            """, .string(state.rawValue), .string("on host a: step \(number)"))
                    }
                    // Those of another one are not among them, and one that is typed stays.
                    try await browser.type("-2", into: "#filter-events-vm")
                    try await server.putVM("other", id: "v2", on: "b")
                    var last = try ActualVM.sample(on: "a", message: "at last")
                    last.state = .stopped
                    try await server.put(.actualVM(id), last)
                    try await browser.wait(
                        "the last one",
                        """
                        const text = document.querySelector('#changes').innerText;
                        return text.includes('at last') && !text.includes('other') &&
                          document.querySelector('#filter-events-vm').value === 'web-2'
                        """)
                    #expect(try await browser.isTheSamePage())
                    #expect(try await browser.complaints() == [])
                }
            }
        }

        @Test func theSwitchForTakeoversIsShownAsSomebodyTurnsIt() async throws {
            try await LiveServer.run { server in
                try await server.fill()
                try await Browser.run { browser in
                    try await browser.logIn(server, .operate)
                    try await browser.waitUntilLive()
                    try await server.put(
                        TakeoverSwitch.key, TakeoverSwitch(state: .disarmed, reason: "by others"))
                    try await browser.wait(
                        "the switch",
                        """
                        return document.querySelector('#takeover-state').innerText.includes('by others') &&
                          document.getElementById('disarm') === null
                        """)
                    try await browser.click("#arm-details summary")
                    try await browser.type("all is well", into: "#arm-reason")
                    try await browser.click("#arm button")
                    try await browser.wait(
                        "the armed switch",
                        "return document.querySelector('#takeover-state .good') !== null")
                    #expect(
                        try await server.store.load().takeoverSwitch?.value.reason == "all is well")
                    #expect(try await browser.complaints() == [])
                }
            }
        }
    }
}
