import Foundation
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

@testable import MetaStackWeb

extension BrowserTests {
    @Suite struct Speed {
        @Test func fiveThousandVMsAreThereWithinASecond() async throws {
            try await LiveServer.run { server in
                try await server.fill()
                try await server.putVMs(5000)
                try await Browser.run { browser in
                    try await browser.logIn(server, .operate)
                    // Other tests may have the machine meanwhile: what it can do is the best of many.
                    var best = Double.infinity
                    for _ in 1...Self.attempts where best >= 1000 {
                        try await browser.open(server.url + "/vms")
                        let load = try await browser.asyncScript(Self.load)
                        print("5,000 VMs: \(Self.text(load))")
                        #expect(load.field("rows")?.double == 5001)
                        best = min(best, try #require(load.field("painted")?.double))
                    }
                    #expect(best < 1000)
                    try await browser.waitUntilLive()
                    let times = try await Self.latencies(
                        server, browser, id: "many-77", "5,000 VMs")
                    #expect(times.median < 50)
                    let typed = try await browser.asyncScript(
                        """
                        const input = document.getElementById('q');
                        const begun = performance.now();
                        input.value = 'vm-0123';
                        input.dispatchEvent(new Event('input', { bubbles: true }));
                        await new Promise((go) => requestAnimationFrame(() => setTimeout(go)));
                        const shown = [...document.querySelectorAll('#vms tbody tr')]
                          .filter((row) => !row.hidden).length;
                        return { shown, time: performance.now() - begun }
                        """)
                    print("filtering 5,000 VMs: \(Self.text(typed))")
                    #expect(typed.field("shown")?.double == 1)
                    #expect(try #require(typed.field("time")?.double) < 500)
                }
            }
        }

        @Test func aChangeIsOnTheScreenSoonAfterEtcdHasIt() async throws {
            try await LiveServer.run { server in
                try await server.fill()
                try await Browser.run { browser in
                    try await browser.logIn(server, .operate)
                    for page in ["/vms/web", "/vms", "/"] {
                        try await browser.open(server.url + page)
                        try await browser.waitUntilLive()
                        let times = try await Self.latencies(server, browser, id: "v1", page)
                        #expect(times.median < 50, "\(page)")
                    }
                }
            }
        }

        /// Each takes some seconds, and the other tests end within a minute or two.
        private static let attempts = 15

        /// Milliseconds from the begin of the navigation until all rows are there and the first are painted.
        private static let load = """
            await new Promise((go) => requestAnimationFrame(() => setTimeout(go)));
            const painted = performance.now();
            const load = performance.getEntriesByType('navigation')[0];
            return {
              answered: load.responseStart, received: load.responseEnd, loaded: load.loadEventEnd,
              painted, bytes: load.decodedBodySize,
              rows: document.querySelectorAll('#vms tbody tr').length,
            }
            """

        private static func text(_ figures: JSONValue) -> String {
            guard case .object(let fields) = figures else { return "nothing" }
            return fields.sorted { $0.key < $1.key }
                .map { "\($0.key) \(Int($0.value.double ?? 0))" }.joined(separator: ", ")
        }

        struct Times: CustomStringConvertible {
            let sorted: [Double]

            var median: Double { sorted[sorted.count / 2] }

            var description: String {
                String(
                    format: "p50 %.1f ms, p99 %.1f ms, of %d", median,
                    sorted[sorted.count * 99 / 100],
                    sorted.count)
            }
        }

        /// As often as it takes to have the machine once.
        private static func latencies(
            _ server: LiveServer, _ browser: Browser, id: String, _ what: String
        ) async throws -> Times {
            var best: Times?
            for attempt in 1...attempts where best.map({ $0.median >= 50 }) ?? true {
                let times = try await latencies(server, browser, id: id, attempt)
                print("a change is seen on \(what) after: \(times)")
                if times.median < best?.median ?? .infinity { best = times }
            }
            return try #require(best)
        }

        /// The time from etcd's answer to the change in the page, thirty times.
        private static func latencies(
            _ server: LiveServer, _ browser: Browser, id: String, _ attempt: Int
        ) async throws -> Times {
            try await browser.script(
                """
                window.seen = {};
                new MutationObserver(() => {
                  const mark = document.getElementById('main').textContent.match(/mark-[\\d.]+/)?.[0];
                  if (mark) window.seen[mark] ??= performance.timeOrigin + performance.now();
                }).observe(document.getElementById('main'),
                  { subtree: true, childList: true, characterData: true });
                """
            ).done()
            var times: [Double] = []
            for number in 0..<30 {
                var claim = try ActualVM.sample(on: "a", message: "mark-\(attempt).\(number)")
                claim.state = .failed
                _ = try await server.store.write(
                    [.put(.actualVM(VMID(unchecked: id)), claim)], if: [])
                let written = Date().timeIntervalSince1970 * 1000
                let mark = JSONValue.string("mark-\(attempt).\(number)")
                try await browser.wait(
                    "change \(number)", "return window.seen[arguments[0]] !== undefined", mark)
                let seen = try await browser.script("return window.seen[arguments[0]]", mark)
                times.append(try #require(seen.double) - written)
                // The next one is another burst.
                try await Task.sleep(for: .milliseconds(100))
            }
            return Times(sorted: times.sorted())
        }
    }
}
