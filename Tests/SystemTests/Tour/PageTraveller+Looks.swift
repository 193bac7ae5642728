import MetaStackModel
import MetaStackTesting

/// What the pages show.
extension PageTraveller {
    func look(at vm: String) async throws -> Sight {
        // Between two looks it may change; then once more. A page that is not there yet is not opened: a
        // browser calls that an error.
        try await eventually("the list says of vm \(vm) what its page says") {
            guard let row = try await listed(vm) else { return nil }
            try await browser.open(url + "/vms/\(vm)")
            let shown = try await browser.script(
                """
                const state = document.getElementById('vm-state');
                const past = [...document.querySelectorAll('#past tbody tr')];
                return {
                  state: state.querySelector('.state').textContent,
                  host: state.querySelector('a')?.textContent ?? null,
                  message: state.textContent.split(': ').slice(1).join(': ') || null,
                  evicted: past.filter((row) => row.cells[0].textContent === 'evicted')
                    .map((row) => row.cells[1].textContent.split(' ')[0]),
                }
                """)
            guard shown.part("state") == row.part("state") else { return nil }
            return Sight(
                state: shown.part("state").text ?? "", host: shown.part("host").text,
                message: shown.part("message").text,
                evicted: shown.part("evicted").elements.compactMap(\.text))
        }
    }

    /// A VM's row in the list; nil where there is none.
    func listed(_ vm: String) async throws -> JSONValue? {
        try await browser.open(url + "/vms")
        let row = try await browser.script(
            """
            const row = [...document.querySelectorAll('#vms tbody tr')]
              .find((one) => one.dataset.name === arguments[0]);
            return row
              ? {id: row.id.slice(3), state: row.querySelector('.state').textContent} : null
            """, .string(vm))
        return row == .null ? nil : row
    }

    func vms() async throws -> Set<String> {
        try await browser.open(url + "/vms")
        let ids = try await browser.script(
            """
            return [...document.querySelectorAll('#vms tbody tr')].map((row) => row.id.slice(3))
            """)
        return Set(ids.elements.compactMap(\.text))
    }

    func liveHosts() async throws -> [String] {
        try await browser.open(url + "/hosts")
        // A host that somebody labelled or drained keeps its row.
        return try await browser.script(
            """
            return [...document.querySelectorAll('tr[id^="host-"]')]
              .filter((row) => row.querySelector('.state').textContent !== 'absent')
              .map((row) => row.id.slice(5))
            """
        ).elements.compactMap(\.text)
    }

    func candidates(for vm: String, without lost: String?) async throws -> [String] {
        try await browser.open(url + "/vms/\(vm)")
        if let lost { try await browser.send("suppose", ["lost": lost]) }
        // Its own host has a star, and those that could not run it have no rank.
        return try await browser.script(
            """
            return [...document.querySelectorAll('#hosts tbody tr')]
              .filter((row) => /^[0-9]+$/.test(row.cells[1].textContent.trim()))
              .map((row) => row.cells[0].textContent.replace(' *', ''))
            """
        ).elements.compactMap(\.text)
    }

    func look(atHost host: String) async throws -> (state: String, reason: String?, since: String?)
    {
        try await browser.open(url + "/hosts/\(host)")
        let shown = try await browser.script(
            """
            const state = document.getElementById('host-state');
            const row = [...document.querySelectorAll('#details tbody tr')]
              .find((one) => one.cells[0].textContent === 'maintenance');
            return {
              state: state.querySelector('.state').textContent,
              reason: state.textContent.split(': ').slice(1).join(': ') || null,
              since: row?.cells[1].textContent.match(/since ([^ ]+)/)?.[1] ?? null,
            }
            """)
        return (
            shown.part("state").text ?? "", shown.part("reason").text, shown.part("since").text
        )
    }

    func movesToShareLoad() async throws -> Int {
        try await browser.open(url + "/rebalance")
        return try await browser.script(
            "return [...document.querySelectorAll('#moves tbody tr')].map((row) => row.innerText)"
        ).elements.count
    }

    func events(of vm: String) async throws -> [String] {
        try await browser.open(url + "/events?vm=\(vm)")
        // The newest is the first there.
        return try await browser.script(
            """
            return [...document.querySelectorAll('#changes tbody tr')]
              .map((row) => row.cells[2].textContent).reverse()
            """
        ).elements.compactMap(\.text)
    }

    func doctor() async throws -> (isHealthy: Bool, findings: [String]) {
        try await browser.open(url + "/doctor")
        let shown = try await browser.script(
            """
            return {
              summary: document.getElementById('summary').textContent,
              findings: [...document.querySelectorAll('.findings li:not(.good)')]
                .map((item) => item.textContent),
            }
            """)
        return (
            shown.part("summary").text?.contains("problem") == false,
            shown.part("findings").elements.compactMap(\.text)
        )
    }
}
