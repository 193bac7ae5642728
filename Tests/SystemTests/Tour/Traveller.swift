import MetaStackModel

/// A way to do what the README's tour does: the same steps by commands, over HTTP, or on the page.
protocol Traveller: Sendable {
    /// Adds an image, and returns once it can be used.
    func addImage(_ name: String, from file: String) async throws
    func addFlavour(_ wish: FlavourWish) async throws
    /// Asks for a VM, and returns its id once it runs.
    func createVM(_ name: String, flavour: String, image: String) async throws -> VMID
    /// What is shown of a VM, among all and by itself; both must say the same.
    func look(at vm: String) async throws -> Sight
    /// The ids of all VMs that are listed.
    func vms() async throws -> Set<String>
    /// The names of the hosts that are live.
    func liveHosts() async throws -> [String]
    /// The hosts that could run it, the best first.
    func candidates(for vm: String, without lost: String?) async throws -> [String]
    /// Asks for a move to whatever host, and returns once it has moved.
    func move(_ vm: String) async throws
    /// Sends a host's VMs elsewhere, and returns once none is left.
    func maintain(_ host: String, reason: String) async throws
    /// What is shown of a host: its state, and why.
    func look(atHost host: String) async throws -> (state: String, reason: String?, since: String?)
    func makeReady(_ host: String) async throws
    /// How many moves would share load more evenly.
    func movesToShareLoad() async throws -> Int
    /// The words of the events of a VM, oldest first.
    func events(of vm: String) async throws -> [String]
    /// Whether the doctor says that nothing is wrong, and what it says.
    func doctor() async throws -> (isHealthy: Bool, findings: [String])
    /// Deletes it, and returns once nothing is left.
    func delete(_ vm: String) async throws
    /// Makes a token, and returns its secret.
    func makeToken(_ name: String, role: String) async throws -> String
}

/// What somebody sees of a VM.
struct Sight: Equatable {
    var state: String
    var host: String?
    var message: String?
    /// The Ceph clients that were evicted for it.
    var evicted: [String] = []
}

extension JSONValue {
    /// What stands under a path of fields; null where nothing does.
    func part(_ path: String...) -> JSONValue {
        path.reduce(self) { value, name in
            guard case .object(let fields) = value else { return .null }
            return fields[name] ?? .null
        }
    }

    var elements: [JSONValue] {
        guard case .array(let elements) = self else { return [] }
        return elements
    }
}

extension Sight {
    /// What a VM's document says, as `-o json` and the API have it.
    init(_ document: JSONValue) {
        state = document.part("status").text ?? ""
        host = document.part("actual", "record", "host").text
        message = document.part("message").text
        evicted = document.part("history", "record", "evicted").elements.compactMap {
            $0.part("client").text
        }
    }
}
