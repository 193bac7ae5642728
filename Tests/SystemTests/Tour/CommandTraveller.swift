import Foundation
import MetaStackModel

/// The tour by `metastack`, straight on etcd or through a server.
struct CommandTraveller: Traveller {
    /// What every command begins with: nothing, or where the server is.
    let connection: [String]
    let run: @Sendable ([String]) async throws -> Output

    private func output(_ words: String...) async throws -> String {
        try await run(words + connection).checked("metastack \(words.joined(separator: " "))")
    }

    private func json(_ words: String...) async throws -> JSONValue {
        let text = try await run(words + ["-o", "json"] + connection)
            .checked("metastack \(words.joined(separator: " "))")
        return try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    }

    func addImage(_ name: String, from file: String) async throws {
        _ = try await output("image", "add", name, file, "--wait")
    }

    func addFlavour(_ wish: FlavourWish) async throws {
        _ = try await output(
            "flavour", "add", wish.name, "--vcpus", wish.vcpus, "--ram", wish.ram, "--disk",
            wish.disk)
    }

    func createVM(_ name: String, flavour: String, image: String) async throws -> VMID {
        let id = try await output(
            "vm", "create", name, "--flavour", flavour, "--image", image, "--wait", "--quiet")
        return try VMID(id.trimmingCharacters(in: .newlines))
    }

    func look(at vm: String) async throws -> Sight {
        // Between two looks it may change; then once more.
        try await eventually("the list says of vm \(vm) what 'vm show' says") {
            let one = try await json("vm", "show", vm)
            let all = try await json("vm", "list").elements
            let listed = all.first { $0.part("id") == one.part("id") }
            return listed?.part("status") == one.part("status") ? Sight(one) : nil
        }
    }

    func vms() async throws -> Set<String> {
        Set(try await json("vm", "list").elements.compactMap { $0.part("id").text })
    }

    func liveHosts() async throws -> [String] {
        try await json("host", "list").elements.filter { $0.part("actual") != .null }
            .compactMap { $0.part("id").text }
    }

    func candidates(for vm: String, without lost: String?) async throws -> [String] {
        let answer =
            if let lost {
                try await json("explain", vm, "--lost", lost)
            } else {
                try await json("explain", vm)
            }
        return answer.candidates
    }

    func move(_ vm: String) async throws { _ = try await output("vm", "move", vm, "--wait") }

    func maintain(_ host: String, reason: String) async throws {
        _ = try await output("host", "maintenance", host, "--reason", reason, "--wait")
    }

    func look(atHost host: String) async throws -> (state: String, reason: String?, since: String?)
    {
        try await json("host", "show", host).asHost
    }

    func makeReady(_ host: String) async throws { _ = try await output("host", "ready", host) }

    func movesToShareLoad() async throws -> Int {
        try await json("rebalance", "--dry-run").part("moves").elements.count
    }

    func events(of vm: String) async throws -> [String] {
        try await json("event", "list", "--vm", vm).elements.compactMap { $0.part("event").text }
    }

    func doctor() async throws -> (isHealthy: Bool, findings: [String]) {
        // A problem is its exit status; what was found is printed all the same.
        let said = try await run(["doctor", "-o", "json"] + connection)
        let answer = try JSONDecoder().decode(JSONValue.self, from: Data(said.text.utf8))
        guard (said.status == 0) == (answer.part("healthy") == .bool(true)) else {
            throw SystemTestError("the doctor's exit status \(said.status) is not what it says")
        }
        return answer.asDiagnosis
    }

    func delete(_ vm: String) async throws {
        _ = try await output("vm", "delete", vm, "--wait", "--yes")
    }

    func makeToken(_ name: String, role: String) async throws -> String {
        try await output("token", "create", name, "--role", role)
            .trimmingCharacters(in: .newlines)
    }
}

extension JSONValue {
    /// Of an explanation: those that could run it, the best first.
    var candidates: [String] {
        self.part("hosts").elements.filter { $0.part("rank") != .null }.compactMap {
            $0.part("host").text
        }
    }

    /// Of a host's document.
    var asHost: (state: String, reason: String?, since: String?) {
        let wanted = self.part("desired", "record")
        return (
            self.part("status").text ?? "", wanted.part("reason").text, wanted.part("since").text
        )
    }

    /// Of the doctor's answer.
    var asDiagnosis: (isHealthy: Bool, findings: [String]) {
        let findings = self.part("checks").elements.flatMap { $0.part("findings").elements }
        return (self.part("healthy") == .bool(true), findings.compactMap { $0.part("text").text })
    }
}
