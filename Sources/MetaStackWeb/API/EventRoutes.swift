import Foundation
import HTTPTypes
import Hummingbird
import MetaStackManagement
import MetaStackModel
import NIOCore

/// Changes as they come, as server-sent events (HTML Living Standard, 9.2).
///
/// An event says which thing changed and not how: whoever is told reads it anew, so that a lost or a
/// doubled event does no harm. `Last-Event-ID` goes on where a stream broke off.
struct EventRoutes {
    let service: WriteService
    let streams: StreamCount

    var routes: [APIRoute] {
        [
            APIRoute(
                method: .get, path: "/api/v1/events", role: .viewer, id: "follow", tag: "events",
                summary: "Follow changes as server-sent events: the event is the kind, the id "
                    + "etcd's revision, the data says which thing. `reload` says that anything "
                    + "may have changed.",
                parameters: [
                    APIRoute.Parameter(
                        name: "kinds", place: .query,
                        summary: "only these, between commas: `vm,host`"),
                    APIRoute.Parameter(
                        name: "after", place: .query,
                        summary: "the same as Last-Event-ID, for what cannot set a header",
                        schema: .object([
                            "type": .string("integer"), "minimum": .integer(0),
                        ])),
                    APIRoute.Parameter(
                        name: "Last-Event-ID", place: .header,
                        summary: "the last id that was seen: what came after it comes first",
                        schema: .object([
                            "type": .string("integer"), "minimum": .integer(0),
                        ])),
                ],
                answers: [
                    APIAnswer(
                        status: 200, summary: "The stream, which does not end by itself.",
                        content: [("text/event-stream", .object(["type": .string("string")]))]),
                    .problem(400, "A parameter cannot be read."),
                ]
            ) { request, _ in
                try follow(request)
            }
        ]
    }

    private func follow(_ request: Request) throws -> Response {
        let wanted = try Self.kinds(request)
        let seen = try Self.lastSeen(request)
        _ = try service.cluster()
        let mirror = service.mirror
        let updates = mirror.subscribe(after: seen)
        return .events(counted: streams) { writer in
            try await writer.write(ByteBuffer(string: ": hello\n\n"))
            for await update in updates {
                let text = Self.text(of: update, wanted, in: mirror.cluster)
                try await writer.write(ByteBuffer(string: text))
            }
        }
    }

    private static func kinds(_ request: Request) throws -> Set<ResourceKind> {
        guard let text = request.uri.queryParameters["kinds"] else {
            return Set(ResourceKind.allCases)
        }
        return Set(
            try text.split(separator: ",").map { word in
                guard let kind = ResourceKind(rawValue: String(word)) else {
                    let known = ResourceKind.allCases.map(\.word).joined(separator: ", ")
                    throw Problem(.badRequest, "kinds are \(known)")
                }
                return kind
            })
    }

    private static func lastSeen(_ request: Request) throws -> Revision? {
        // A browser that comes back says what it saw last besides the address that it began with.
        let header = HTTPField.Name("Last-Event-ID").flatMap { request.headers[$0] }
        let text =
            header.flatMap { $0.isEmpty ? nil : $0 }
            ?? request.uri.queryParameters["after"].map(String.init)
        guard let text else { return nil }
        guard let number = Int64(text), number >= 0 else {
            throw Problem(.badRequest, "Last-Event-ID and after are the id of an event")
        }
        return Revision(number)
    }

    /// The events of one update; a comment where there is none.
    static func text(
        of update: MirrorUpdate, _ wanted: Set<ResourceKind>, in cluster: Cluster?
    ) -> String {
        if update.isReload { return "id: \(update.revision)\nevent: reload\ndata: {}\n\n" }
        var seen: Set<ChangedThing> = []
        for key in update.changed { seen.formUnion(ChangedThing.all(of: key)) }
        let things = seen.filter { wanted.contains($0.kind) }.sorted()
        guard !things.isEmpty else { return ": \n\n" }
        return things.map { thing in
            let isThere = cluster.map { thing.exists(in: $0) } ?? true
            // Ids hold letters, digits and few signs, none of which JSON escapes.
            return """
                id: \(update.revision)
                event: \(thing.kind.word)
                data: {"kind":"\(thing.kind.word)","id":"\(thing.id)",\
                "revision":\(update.revision),"change":"\(isThere ? "put" : "deleted")"}


                """
        }.joined()
    }
}

/// A thing that people know, for a record that has changed.
struct ChangedThing: Hashable, Comparable {
    let kind: ResourceKind
    let id: String

    static func < (left: Self, right: Self) -> Bool {
        (left.kind.word, left.id) < (right.kind.word, right.id)
    }

    static func all(of key: RecordKey) -> [ChangedThing] {
        switch key {
        case .desiredVM(let vm), .actualVM(let vm), .history(let vm), .arrival(let vm),
            .decline(let vm, _):
            [ChangedThing(kind: .vm, id: vm.text)]
        case .volume(let volume):
            [
                ChangedThing(kind: .volume, id: volume.description),
                ChangedThing(kind: .vm, id: volume.vm.text),
            ]
        case .image(let id), .actualImage(let id): [ChangedThing(kind: .image, id: id.text)]
        case .flavour(let id): [ChangedThing(kind: .flavour, id: id.text)]
        case .host(let id), .desiredHost(let id): [ChangedThing(kind: .host, id: id.text)]
        case .globalConfig(let name):
            // A name that is none cannot be spoken of.
            (try? ResourceName(name)).map { [ChangedThing(kind: .config, id: $0.text)] } ?? []
        case .sshKey(let id): [ChangedThing(kind: .sshKey, id: id.text)]
        case .network(let id): [ChangedThing(kind: .network, id: id.text)]
        case .address(let id):
            [
                ChangedThing(kind: .address, id: id.word),
                ChangedThing(kind: .network, id: id.network.text),
            ]
        case .securityGroup(let id): [ChangedThing(kind: .securityGroup, id: id.text)]
        case .token: []
        }
    }

    func exists(in cluster: Cluster) -> Bool {
        switch kind {
        case .vm:
            let vm = VMID(unchecked: id)
            return cluster.desiredVMs[vm] != nil || cluster.actualVMs[vm] != nil
                || cluster.volumes[vm] != nil
                || cluster.malformed[RecordKey.desiredVM(vm).path] != nil
        case .image:
            let image = ImageID(unchecked: id)
            return cluster.images[image] != nil || cluster.actualImages[image] != nil
        case .flavour: return cluster.flavours[FlavourID(unchecked: id)] != nil
        case .host:
            let host = HostID(unchecked: id)
            return cluster.hosts[host] != nil || cluster.desiredHosts[host] != nil
        case .volume:
            return cluster.volumes.values.contains { $0.keys.contains { $0.description == id } }
        case .sshKey: return cluster.sshKeys[SSHKeyID(unchecked: id)] != nil
        case .network: return cluster.networks[NetworkID(unchecked: id)] != nil
        case .address:
            // What is none is nobody's.
            return (try? AddressID(word: id)).map { cluster.addresses[$0] != nil } ?? false
        case .securityGroup:
            return cluster.securityGroups[SecurityGroupID(unchecked: id)] != nil
        case .config: return cluster.desiredRecord(.config, id) != nil
        }
    }
}
