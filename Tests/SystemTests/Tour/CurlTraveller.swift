import Foundation
import MetaStackModel
import Testing

/// The tour by curl: a server's REST API and nothing else of MetaStack's.
struct CurlTraveller: Traveller {
    let url: String
    let token: String

    /// - Throws: `SystemTestError` with what the server says, unless it answers with the status.
    @discardableResult
    private func ask(
        _ method: String, _ path: String, _ body: String? = nil, expecting status: Int = 200
    ) async throws -> JSONValue {
        let type = method == "PATCH" ? "application/merge-patch+json" : "application/json"
        let sent = body.map { ["-H", "Content-Type: \(type)", "-d", $0] } ?? []
        let answer = try await Command(
            [
                "curl", "-sS", "-w", "\n%{http_code}", "-X", method, "-H",
                "Authorization: Bearer \(token)",
            ] + sent + ["\(url)/api/v1/\(path)"]
        ).run().checked("curl \(method) \(path)")
        let parts = answer.split(separator: "\n", omittingEmptySubsequences: false)
        let text = parts.dropLast().joined(separator: "\n")
        guard parts.last == "\(status)" else {
            throw SystemTestError("\(method) \(path): \(parts.last ?? "nothing"), \(text)")
        }
        return try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    }

    func addImage(_ name: String, from file: String) async throws {
        try await ask(
            "POST", "images", #"{"name": "\#(name)", "url": "file://\#(file)"}"#, expecting: 202)
        try await eventually("image \(name) is ready") {
            try await ask("GET", "images/\(name)").part("status").text == "ready"
        }
    }

    func addFlavour(_ wish: FlavourWish) async throws {
        try await ask("POST", "flavours", wish.json, expecting: 202)
    }

    func createVM(_ name: String, flavour: String, image: String) async throws -> VMID {
        let body = #"{"name": "\#(name)", "flavour": "\#(flavour)", "image": "\#(image)"}"#
        let made = try await ask("POST", "vms", body, expecting: 202)
        try await eventually("vm \(name) runs") {
            try await ask("GET", "vms/\(name)").part("status").text == "running"
        }
        return try VMID(made.part("id").text ?? "")
    }

    func look(at vm: String) async throws -> Sight {
        // Between two looks it may change; then once more.
        try await eventually("the list says of vm \(vm) what it says by itself") {
            let one = try await ask("GET", "vms/\(vm)")
            let all = try await ask("GET", "vms?fields=id,status").part("items").elements
            let listed = all.first { $0.part("id") == one.part("id") }
            return listed?.part("status") == one.part("status") ? Sight(one) : nil
        }
    }

    func vms() async throws -> Set<String> {
        Set(
            try await ask("GET", "vms?fields=id").part("items").elements
                .compactMap { $0.part("id").text })
    }

    func liveHosts() async throws -> [String] {
        try await ask("GET", "hosts").part("items").elements.filter { $0.part("actual") != .null }
            .compactMap { $0.part("id").text }
    }

    func candidates(for vm: String, without lost: String?) async throws -> [String] {
        let query = lost.map { "?lost=\($0)" } ?? ""
        return try await ask("GET", "vms/\(vm)/explain\(query)").candidates
    }

    func move(_ vm: String) async throws {
        let before = try await look(at: vm).host
        try await ask("POST", "vms/\(vm)/move", "{}", expecting: 202)
        try await eventually("vm \(vm) has moved") {
            let now = try await look(at: vm)
            return now.state == "running" && now.host != before
        }
    }

    func maintain(_ host: String, reason: String) async throws {
        try await ask(
            "PATCH", "hosts/\(host)", #"{"state": "maintenance", "reason": "\#(reason)"}"#,
            expecting: 202)
        try await eventually("no VM is left on \(host)") {
            try await ask("GET", "hosts/\(host)").part("vms").elements.isEmpty
        }
    }

    func look(atHost host: String) async throws -> (state: String, reason: String?, since: String?)
    {
        try await ask("GET", "hosts/\(host)").asHost
    }

    func makeReady(_ host: String) async throws {
        try await ask(
            "PATCH", "hosts/\(host)", #"{"state": "ready", "reason": null}"#, expecting: 202)
    }

    func movesToShareLoad() async throws -> Int {
        try await ask("GET", "rebalance").part("moves").elements.count
    }

    func events(of vm: String) async throws -> [String] {
        try await ask("GET", "changes?vm=\(vm)").part("items").elements.compactMap {
            $0.part("event").text
        }
    }

    func doctor() async throws -> (isHealthy: Bool, findings: [String]) {
        try await ask("GET", "doctor").asDiagnosis
    }

    func delete(_ vm: String) async throws {
        let id = try await ask("GET", "vms/\(vm)").part("id").text ?? vm
        try await ask("DELETE", "vms/\(vm)", expecting: 202)
        try await eventually("nothing is left of vm \(vm)") {
            try await !vms().contains(id)
        }
    }

    func makeToken(_ name: String, role: String) async throws -> String {
        let body = #"{"name": "\#(name)", "role": "\#(role)"}"#
        let made = try await ask("POST", "tokens", body, expecting: 201)
        return try #require(made.part("secret").text)
    }
}
