import MetaStackDecisions
import MetaStackModel

/// Ceph as far as fencing goes: images with watchers and a cooperative lock, a blocklist, and writes
/// that arrive later than they were sent.
final class SimulatedCeph {
    struct Image {
        var size: Mebibytes
        /// False while a clone or import is in the making, and for ever where its maker died.
        var isWhole = false
        var snapshot: String?
        var parent: FakeDiskPath?
        var watchers: Set<StorageClient> = []
        var lockOwner: StorageClient?
        /// What the guest's last accepted write said.
        var counter: Int64 = 0
        /// The domain whose write was accepted last.
        var writer: SimulatedDomain?
    }

    /// A client that Ceph has not heard of for so long watches nothing any more
    /// (`osd_client_watch_timeout`).
    let watchTimeout: Duration
    let world: World
    let network: Network
    var images: [FakeDiskPath: Image] = [:]
    private(set) var blocklist: Set<StorageClient> = []
    /// The clients that live, with the domain that each belongs to.
    private(set) var clients: [StorageClient: SimulatedDomain] = [:]
    private var clientsMade = 0
    /// Since when each host has been cut off.
    private var cutSince: [Int: Moment] = [:]
    weak var oracle: Oracle?

    init(world: World, network: Network, watchTimeout: Duration) {
        self.watchTimeout = watchTimeout
        self.world = world
        self.network = network
    }

    // MARK: Clients

    /// - Throws: where the image is not there.
    func open(_ path: FakeDiskPath, for domain: SimulatedDomain) throws -> StorageClient {
        guard let image = images[path] else { throw FakeStorageError.noImage(path) }
        if !image.isWhole { oracle?.violated("a guest opens the half-made image \(path)") }
        clientsMade += 1
        let client = StorageClient(address: Self.address(of: domain.host) + "\(clientsMade)")
        images[path]?.watchers.insert(client)
        clients[client] = domain
        return client
    }

    /// How all addresses of a host's clients begin.
    static func address(of host: Int) -> String { "10.0.0.\(host + 1):0/" }

    /// The client ends: mostly Ceph hears of it, else its watch runs out.
    func close(_ client: StorageClient, of path: FakeDiskPath, isHeard: Bool) {
        clients[client] = nil
        guard isHeard else {
            world.after(watchTimeout) { [self] in unwatch(client) }
            return
        }
        images[path]?.watchers.remove(client)
        if images[path]?.lockOwner == client { images[path]?.lockOwner = nil }
    }

    private func unwatch(_ client: StorageClient) {
        for path in images.keys { images[path]?.watchers.remove(client) }
    }

    /// From here on nothing of these clients is accepted, until they are let in again: the servers keep
    /// their connections, and go by who is evicted when a request arrives.
    func evict(_ evicted: [StorageClient]) {
        for client in evicted {
            blocklist.insert(client)
            unwatch(client)
        }
        world.note("ceph evicts \(evicted.map(\.address).joined(separator: " "))")
    }

    func lift(_ evicted: [StorageClient]) {
        blocklist.subtract(evicted)
        world.note("ceph lets in \(evicted.map(\.address).joined(separator: " "))")
    }

    /// Watches run out behind a broken path, and are set up again when it is whole.
    func pathsChanged(hosts: Int) {
        for host in 0..<hosts {
            let isCut = !network.isOpenBothWays(.host(host), .ceph)
            if isCut, cutSince[host] == nil {
                let since = world.now
                cutSince[host] = since
                world.after(watchTimeout) { [self] in
                    guard cutSince[host] == since else { return }
                    for (client, domain) in clients where domain.host == host { unwatch(client) }
                }
            } else if !isCut, cutSince.removeValue(forKey: host) != nil {
                world.after(world.duration(.milliseconds(10), .seconds(3))) { [self] in
                    watchAgain(host)
                }
            }
        }
    }

    private func watchAgain(_ host: Int) {
        guard cutSince[host] == nil else { return }
        for (client, domain) in clients where domain.host == host && !blocklist.contains(client) {
            for path in domain.paths where domain.client(of: path) == client {
                images[path]?.watchers.insert(client)
            }
        }
    }

    // MARK: Lock and writes

    enum LockAnswer {
        case yours
        case later(Duration)
        case refused
    }

    /// What RBD's exclusive lock does for a client that wants to write: a live owner hands it over
    /// on demand, one that is silent and no watcher any more is evicted.
    func lock(_ path: FakeDiskPath, for client: StorageClient) -> LockAnswer {
        guard let image = images[path], !blocklist.contains(client) else { return .refused }
        guard let owner = image.lockOwner, owner != client else {
            images[path]?.lockOwner = client
            return .yours
        }
        if blocklist.contains(owner) {
            images[path]?.lockOwner = client
            return .yours
        }
        if let domain = clients[owner], network.isOpenBothWays(.host(domain.host), .ceph) {
            // It finishes what it is at, and lets go.
            guard !domain.isWriting(path) else { return .later(.milliseconds(10)) }
            domain.letGo()
            images[path]?.lockOwner = client
            world.note("ceph lock of \(path) handed over by \(owner) to \(client)")
            return .yours
        }
        if image.watchers.contains(owner) { return .later(.milliseconds(500)) }
        evict([owner])
        images[path]?.lockOwner = client
        return .yours
    }

    /// A write arrives, maybe of a client that is no more.
    ///
    /// - Returns: whether it was accepted.
    func write(
        _ counter: Int64, to path: FakeDiskPath, from client: StorageClient,
        of domain: SimulatedDomain
    ) -> Bool {
        guard !blocklist.contains(client), images[path] != nil else { return false }
        oracle?.accepts(counter, path, client, domain, last: images[path])
        images[path]?.counter = counter
        images[path]?.writer = domain
        return true
    }
}
