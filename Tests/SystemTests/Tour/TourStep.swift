import Foundation

/// What a line of the README's tour does, for those who do the same by other means.
///
/// A line that is none of these is an error, and so is an option of which nothing is said here: whoever
/// lets the README do more lets the other tours do it, too.
enum TourStep: Equatable {
    case addImage(String)
    case addFlavour(FlavourWish)
    case createVM(String, flavour: String, image: String)
    case list
    case look(at: String)
    case readConsole
    case loseTheHost
    case listHosts
    case lookAtEvictions(of: String)
    case explain(String, isLost: Bool)
    case move(String)
    case maintain(reason: String)
    case makeReady
    case planSharing
    case lookBack(at: String)
    case askTheDoctor
    /// Somebody writes a VM's record, who has never heard of MetaStack's own tools.
    case write(id: String, record: String)
    case lookAtClaim(of: String)
    case withdraw(id: String)
    case lookForRest(of: String)
    case makeToken(String, role: String)
    case useToken(path: String)
    case delete(String)
    /// The shell's and the lab's own, what stands before the tour, and a server, which other tours have.
    case other

    init(_ line: String) throws {
        if let step = Self.withServer(line) {
            self = step
            return
        }
        for read in [Self.ofVMs, Self.ofOthers, Self.ofEtcd, Self.ofTheLab] {
            var words = TourWords(line)
            guard let step = read(&words) else { continue }
            guard words.isReadWhole else { break }
            self = step
            return
        }
        throw SystemTestError("nobody says what the line \"\(line)\" is by curl and on the page")
    }

    private static func withServer(_ line: String) -> TourStep? {
        if let made = line.wholeMatch(
            of: /TOKEN=\$\(metastack token create (\S+) --role (\S+)\)/)
        {
            return .makeToken(String(made.1), role: String(made.2))
        }
        if let asked = line.wholeMatch(
            of: /curl -H "Authorization: Bearer \$TOKEN" http:\/\/127.0.0.1:8480(\/\S+)/)
        {
            return .useToken(path: String(asked.1))
        }
        let others = [
            "metastack serve &", "kill %1",
            "env -u METASTACK_CONFIG metastack --server http://127.0.0.1:8480 --token $TOKEN",
        ]
        return others.contains(line) || line.hasPrefix("export ") ? .other : nil
    }

    private static func ofVMs(_ words: inout TourWords) -> TourStep? {
        if words.begin("metastack vm create") {
            return .createVM(
                words.next(), flavour: words.option("--flavour"), image: words.option("--image"))
        }
        if words.begin("metastack vm list") { return .list }
        if words.begin("metastack vm show") {
            let name = words.next()
            return words.isPiped(to: "grep evicted") ? .lookAtEvictions(of: name) : .look(at: name)
        }
        if words.begin("metastack explain") {
            // Which host it is on differs from run to run: lost is whichever it is on.
            return .explain(words.next(), isLost: words.has("--lost"))
        }
        if words.begin("metastack vm move") { return .move(words.next()) }
        guard words.begin("metastack vm delete") else { return nil }
        let name = words.next()
        // With which quickstart ends.
        return name == "hello" ? .other : .delete(name)
    }

    private static func ofOthers(_ words: inout TourWords) -> TourStep? {
        if words.begin("metastack image add") {
            let name = words.next()
            return words.next() == "$(deploy/metastack-lab build-image)" ? .addImage(name) : nil
        }
        if words.begin("metastack flavour add") {
            return .addFlavour(
                FlavourWish(
                    name: words.next(), vcpus: words.option("--vcpus"),
                    ram: words.option("--ram"), disk: words.option("--disk")))
        }
        if words.begin("metastack host list") { return .listHosts }
        // Here, too, it is whichever host the VM is on.
        if words.begin("metastack host maintenance") {
            _ = words.next()
            return .maintain(reason: words.option("--reason"))
        }
        if words.begin("metastack host ready") {
            _ = words.next()
            return .makeReady
        }
        if words.begin("metastack rebalance") { return words.has("--dry-run") ? .planSharing : nil }
        if words.begin("metastack event list") { return .lookBack(at: words.option("--vm")) }
        return words.begin("metastack doctor") ? .askTheDoctor : nil
    }

    private static func ofEtcd(_ words: inout TourWords) -> TourStep? {
        func id(_ key: String, below folder: String) -> String? {
            let prefix = "/metastack/\(folder)/"
            return key.hasPrefix(prefix) ? String(key.dropFirst(prefix.count)) : nil
        }
        if words.begin("etcdctl put") {
            return id(words.next(), below: "desired_vms").map {
                .write(id: $0, record: words.next())
            }
        }
        if words.begin("etcdctl del") {
            return id(words.next(), below: "desired_vms").map { .withdraw(id: $0) }
        }
        guard words.begin("etcdctl get") else { return nil }
        if words.has("--print-value-only") {
            return id(words.next(), below: "actual_vms").map { .lookAtClaim(of: $0) }
        }
        guard words.has("--prefix"), words.has("--keys-only"), words.next() == "/metastack/",
            let id = words.grep
        else { return nil }
        return .lookForRest(of: id)
    }

    private static func ofTheLab(_ words: inout TourWords) -> TourStep? {
        if words.begin("deploy/metastack-lab down") { return .other }
        if words.begin("deploy/metastack-lab kill") {
            _ = words.next()
            return .loseTheHost
        }
        guard words.begin("deploy/metastack-lab logs") else { return nil }
        _ = words.next()
        if words.begin("agent") { return .other }
        guard words.begin("console") else { return nil }
        _ = words.next()
        return .readConsole
    }
}

/// A flavour, in the words in which a person gives it.
struct FlavourWish: Equatable {
    var name: String
    let vcpus: String
    let ram: String
    let disk: String

    /// The desired record.
    var json: String {
        #"{"name": "\#(name)", "vcpus": \#(vcpus), "ram": "\#(ram)", "disk": "\#(disk)"}"#
    }
}
