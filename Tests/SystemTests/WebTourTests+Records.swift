import Foundation
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

/// The later half of the walk: what is told, what others write, who may, and the end.
extension PageTour {
    func lookAtEventsAndDoctor() async throws {
        try await browser.open(server.url + "/events?vm=\(web)")
        let events = try #require(
            try await browser.script("return document.getElementById('changes').innerText").text)
        for word in ["created", "taken-over", "evicted", "runs-again", "move-ordered", "moved"] {
            #expect(events.contains(word), "\(word): \(events)")
        }
        try await browser.open(server.url + "/doctor")
        let found = try #require(
            try await browser.script("return document.getElementById('main').innerText").text)
        #expect(found.contains("Looked at: ") && !found.contains("Unknown"), "\(found)")
    }

    func showWhatEtcdctlWrites() async throws {
        let (blog, bad) = (test.guest("blog"), test.name("bad"))
        try await browser.open(server.url + "/vms")
        try await browser.script("window.isTheSame = true").ignored()
        try await lab.etcdctl(
            "put", "/metastack/desired_vms/\(blog.id)",
            #"{"name": "\#(blog.id)", "flavour": "\#(test.name("small"))", "#
                + #""image": "\#(test.name("guest"))", "state": "start"}"#)
        try await browser.wait(
            "the other VM runs", limit: .seconds(60),
            "return document.getElementById(arguments[0])?.innerText.includes('running')",
            .string("vm-\(blog.id)"))
        try await lab.etcdctl("del", "/metastack/desired_vms/\(blog.id)")
        try await browser.wait(
            "it is gone", limit: .seconds(60),
            "return document.getElementById(arguments[0]) === null", .string("vm-\(blog.id)"))
        test.later { [lab] in try await lab.etcdctl("del", "/metastack/desired_vms/\(bad)") }
        try await lab.etcdctl(
            "put", "/metastack/desired_vms/\(bad)", #"{"name": "bad/../x", "flavour": "small"}"#)
        try await browser.wait(
            "what is wrong with the record",
            """
            const text = document.getElementById(arguments[0])?.innerText ?? '';
            return text.includes('malformed') && text.includes('cannot be used')
            """, .string("vm-\(bad)"))
        #expect(try await browser.script("return window.isTheSame === true") == .bool(true))
        try await browser.open(server.url + "/vms/\(bad)")
        try await browser.send("delete", ["name": bad])
        try await browser.wait("the list", "return location.pathname === '/vms'")
        try await browser.wait(
            "it is gone", "return document.getElementById(arguments[0]) === null",
            .string("vm-\(bad)"))
    }

    func makeAToken() async throws {
        let name = test.name("me")
        try await browser.open(server.url + "/tokens")
        try await browser.send("create", ["name": name, "role": "operator"])
        let secret = try #require(
            try await browser.script("return document.getElementById('secret').textContent").text)
        let status = try await Command([
            "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H",
            "Authorization: Bearer \(secret)", "\(server.url)/api/v1/vms/\(web)/explain",
        ]).run().checked("curl")
        #expect(status == "200")
        try await browser.open(server.url + "/tokens")
        let id = try #require(secret.split(separator: "_").dropFirst().first)
        try await browser.send("revoke", ["id": String(id)])
        #expect(try await lab.store.load().tokens.values.allSatisfy { $0.value.name.text != name })
    }

    /// What the tour leaves to the further pages.
    func turnSwitches() async throws {
        test.later { [lab] in
            try await lab.succeed("takeover", "arm")
            try await lab.succeed("host", "set", "host1", "ram_overcommit=null", "labels.rack=null")
        }
        try await browser.open(server.url + "/")
        try await browser.send("disarm", ["reason": "new switches"])
        try await browser.wait(
            "the switch is off",
            "return document.getElementById('takeover-state').innerText.includes('new switches')")
        try await browser.send("arm", [:])
        #expect(try await lab.store.load().takeoverSwitch?.value.state == .armed)
        try await browser.open(server.url + "/hosts/host1")
        try await browser.send("edit", ["labels": "rack=7", "ram_overcommit": "1.5"])
        let host = try await lab.store.load().desiredHosts[HostID(unchecked: "host1")]?.value
        #expect(host?.labels == ["rack": "7"])
        #expect(host?.ramOvercommit == (try Overcommit(1.5)))
    }

    func delete(_ vm: Guest) async throws {
        try await browser.open(server.url + "/vms/\(web)")
        try await browser.send("delete", ["name": web])
        try await browser.wait(
            "nothing of it is left", limit: .seconds(60),
            """
            return location.pathname === '/vms' && document.getElementById(arguments[0]) === null
            """, .string("vm-\(vm.id)"))
        #expect(try await lab.store.load().volumes[vm.id] == nil)
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

extension JSONValue {
    /// The value is of no interest.
    fileprivate func ignored() {}
}
