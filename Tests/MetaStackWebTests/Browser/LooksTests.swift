import Foundation
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

@testable import MetaStackWeb

extension BrowserTests {
    /// Whether people can use it who see little, use keys alone, or have a phone in their hand.
    @Suite struct Looks {
        private static let pages = [
            "/", "/vms", "/vms/web", "/vms/new", "/vms/web/edit", "/hosts", "/hosts/a", "/images",
            "/flavours", "/events", "/vms/none", "/vms/web?lost=a", "/rebalance", "/config",
            "/config/rebalance", "/config/other", "/doctor", "/tokens",
        ]

        @Test func noPageIsWiderThanAPhone() async throws {
            try await LiveServer.run { server in
                try await server.fill()
                let long = String(repeating: "very-long-name-", count: 4) + "x"
                let message = String(repeating: "w", count: 200)
                try await server.putVM(long, id: "v2", on: "a", message: message)
                try await Browser.run { browser in
                    try await browser.logIn(server, .admin)
                    try await browser.resize(width: 360, height: 740)
                    for page in Self.pages + ["/vms/\(long)"] {
                        try await browser.open(server.url + page)
                        let width = try await browser.script(
                            "return document.documentElement.scrollWidth")
                        #expect(try #require(width.double) <= 360, "\(page)")
                    }
                }
            }
        }

        @Test func theFirstKeyReachesTheWayToTheContent() async throws {
            try await LiveServer.run { server in
                try await server.fill()
                try await Browser.run { browser in
                    try await browser.logIn(server, .admin)
                    try await browser.open(server.url + "/vms")
                    try await browser.press("\u{e004}")
                    let first = try await browser.script(
                        """
                        const link = document.activeElement;
                        return link.className === 'skip' && link.getBoundingClientRect().left >= 0
                        """)
                    #expect(first == .bool(true))
                    try await browser.press("\u{e007}")
                    let main = try await browser.script("return document.activeElement.id")
                    #expect(main == .string("main"))
                    try await browser.press("\u{e004}")
                    let next = try await browser.script(
                        "return document.activeElement.getAttribute('href')")
                    #expect(next == .string("/vms/new"))
                    // Where one is, is seen.
                    let outline = try await browser.script(
                        "return getComputedStyle(document.activeElement).outlineStyle")
                    #expect(outline == .string("solid"))
                }
            }
        }

        /// Every text against what is behind it, as the browser has computed both (WCAG 2.1, 1.4.3).
        @Test(arguments: ["light", "dark"])
        func everyTextHasEnoughContrast(_ scheme: String) async throws {
            try await LiveServer.run { server in
                try await server.fill()
                try await server.putVM("lost", id: "v2")
                var claim = try ActualVM.sample(on: "a")
                claim.state = .starting
                try await server.putVM("young", id: "v3")
                try await server.put(.actualVM(VMID(unchecked: "v3")), claim)
                try await Browser.run { browser in
                    try await browser.logIn(server, .admin)
                    try await browser.prefer(colorScheme: scheme)
                    var seen = 0.0
                    for page in Self.pages + ["/vms/lost"] {
                        try await browser.open(server.url + page)
                        let result = try await browser.script(Self.contrast)
                        seen += result.field("seen")?.double ?? 0
                        #expect(result.field("poor") == .array([]), "\(page)")
                    }
                    #expect(seen > 200)
                    let background = try await browser.script(
                        "return getComputedStyle(document.body).backgroundColor")
                    #expect(
                        (background == .string("rgb(255, 255, 255)")) == (scheme == "light"),
                        "\(background)")
                }
            }
        }

        @Test func everyInputHasALabelAndEveryTableACaption() async throws {
            try await LiveServer.run { server in
                try await server.fill()
                try await Browser.run { browser in
                    try await browser.logIn(server, .admin)
                    for page in Self.pages {
                        try await browser.open(server.url + page)
                        let poor = try await browser.script(
                            """
                            const bad = [];
                            for (const field of document.querySelectorAll('input, select, textarea')) {
                              if (field.type !== 'hidden' && field.labels.length !== 1) bad.push(field.id);
                            }
                            for (const table of document.querySelectorAll('table')) {
                              if (!table.caption) bad.push(table.id);
                            }
                            const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);
                            if (new Set(ids).size !== ids.length) bad.push('an id twice');
                            if (document.querySelectorAll('h1').length !== 1) bad.push('h1');
                            if (!document.documentElement.lang) bad.push('lang');
                            return bad
                            """)
                        #expect(poor == .array([]), "\(page)")
                    }
                }
            }
        }

        private static let contrast = """
            const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
            const luminance = ([r, g, b]) => {
              const [x, y, z] = [r, g, b].map((v) => v / 255)
                .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
              return 0.2126 * x + 0.7152 * y + 0.0722 * z;
            };
            const behind = (element) => {
              for (let at = element; at; at = at.parentElement) {
                const color = numbers(getComputedStyle(at).backgroundColor);
                if (color.length === 3 || color[3] === 1) return color;
              }
              return [255, 255, 255];
            };
            const poor = [];
            let seen = 0;
            for (const details of document.querySelectorAll('details')) details.open = true;
            const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            while (walker.nextNode()) {
              const element = walker.currentNode.parentElement;
              if (!walker.currentNode.nodeValue.trim() || !element.getClientRects().length) continue;
              seen += 1;
              const one = luminance(numbers(getComputedStyle(element).color));
              const other = luminance(behind(element));
              const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
              if (ratio < 4.5) poor.push(walker.currentNode.nodeValue.trim() + ' ' + ratio.toFixed(2));
            }
            return { seen, poor };
            """
    }
}
