import Foundation
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

/// The tour on the web page, in a real Chromium. What somebody waits for comes without a reload.
struct PageTraveller: Traveller {
    let url: String
    let browser: Browser

    func logIn(_ token: String) async throws {
        try await browser.open(url + "/login")
        try await browser.send("login", ["token": token])
        try await browser.wait("the overview", "return location.pathname === '/'")
    }

    func addImage(_ name: String, from file: String) async throws {
        try await browser.open(url + "/images")
        try await browser.send("add", ["name": name, "url": "file://\(file)"])
        try await browser.wait(
            "the image is ready", limit: .seconds(120),
            """
            return [...document.querySelectorAll('#images-table tbody tr')].some((row) =>
              row.innerText.includes(arguments[0]) && row.querySelector('.state.good'))
            """, .string(name))
    }

    func addFlavour(_ wish: FlavourWish) async throws {
        try await browser.open(url + "/flavours")
        try await browser.send(
            "add", ["name": wish.name, "vcpus": wish.vcpus, "ram": wish.ram, "disk": wish.disk])
        try await browser.wait(
            "the flavour", "return document.body.innerText.includes(arguments[0])",
            .string(wish.name))
    }

    func createVM(_ name: String, flavour: String, image: String) async throws -> VMID {
        try await browser.open(url + "/vms/new")
        try await browser.send("vm", ["name": name, "flavour": flavour, "image": image])
        try await waitUntilItRuns()
        return try VMID(try #require(try await listed(name)?.part("id").text))
    }

    /// On the page of a VM.
    private func waitUntilItRuns(notOn host: String = "") async throws {
        try await browser.wait(
            "the guest runs", limit: .seconds(90),
            """
            return document.querySelector('#vm-state .state')?.textContent === 'running' &&
              document.querySelector('#vm-state a').textContent !== arguments[0]
            """, .string(host))
    }

    func move(_ vm: String) async throws {
        let old = try await look(at: vm).host
        try await browser.open(url + "/vms/\(vm)")
        try await browser.send("move", ["to": ""])
        try await waitUntilItRuns(notOn: try #require(old))
    }

    func maintain(_ host: String, reason: String) async throws {
        try await browser.open(url + "/hosts/\(host)")
        try await browser.send("maintenance", ["reason": reason])
        try await browser.wait(
            "it is empty", limit: .seconds(90),
            """
            return document.getElementById('host-state').innerText.includes('maintenance') &&
              document.getElementById('vms-table').tBodies[0].rows.length === 0
            """)
    }

    func makeReady(_ host: String) async throws {
        try await browser.open(url + "/hosts/\(host)")
        try await browser.send("ready", [:])
        try await browser.wait(
            "it is ready",
            "return document.getElementById('host-state').innerText.includes('ready')")
    }

    func delete(_ vm: String) async throws {
        let id = try #require(try await listed(vm)?.part("id").text)
        try await browser.open(url + "/vms/\(vm)")
        try await browser.send("delete", ["name": vm])
        try await browser.wait(
            "it is gone", limit: .seconds(90),
            """
            return location.pathname === '/vms' && document.getElementById(arguments[0]) === null
            """, .string("vm-\(id)"))
    }

    func makeToken(_ name: String, role: String) async throws -> String {
        try await browser.open(url + "/tokens")
        try await browser.send("create", ["name": name, "role": role])
        return try #require(
            try await browser.script("return document.getElementById('secret').textContent").text)
    }

    /// What the README leaves to the further pages.
    func turnSwitches(_ test: Fixture) async throws {
        let lab = test.lab
        test.later {
            try await lab.succeed("takeover", "arm")
            try await lab.succeed("host", "set", "host1", "ram_overcommit=null", "labels.rack=null")
        }
        try await browser.open(url + "/")
        try await browser.send("disarm", ["reason": "new switches"])
        try await browser.wait(
            "the switch is off",
            "return document.getElementById('takeover-state').innerText.includes('new switches')")
        try await browser.send("arm", [:])
        #expect(try await lab.store.load().takeoverSwitch?.value.state == .armed)
        try await browser.open(url + "/hosts/host1")
        try await browser.send("edit", ["labels": "rack=7", "ram_overcommit": "1.5"])
        let host = try await lab.store.load().desiredHosts[HostID(unchecked: "host1")]?.value
        #expect(host?.labels == ["rack": "7"])
        #expect(host?.ramOvercommit == (try Overcommit(1.5)))
    }
}

extension Browser {
    /// Fills in a form, as far as it is told, sends it, and waits for the page that comes.
    ///
    /// - Parameter fields: what stands in each; of a choice the value or what people read.
    func send(_ form: String, _ fields: [String: String]) async throws {
        try await wait(
            "form \(form) is sent",
            """
            const form = document.getElementById(arguments[0]);
            if (!form) return false;
            window.isBefore = true;
            for (const [name, text] of Object.entries(arguments[1])) {
              const field = form.elements[name];
              const option = [...(field.options ?? [])].find((one) => one.textContent === text);
              field.value = option ? option.value : text;
            }
            form.requestSubmit();
            return true
            """, .string(form), .object(fields.mapValues { .string($0) }))
        try await wait(
            "the page after form \(form)",
            "return window.isBefore === undefined && document.readyState === 'complete'")
    }
}
