import Crypto
import Foundation
package import MetaStackModel

extension Cluster {
    private static let sshKeyColumns: [Listing.Column] = [
        .init("NAME"), .init("TYPE"), .init("FINGERPRINT"), .init("COMMENT"),
        .init("VMS", .right), .init("LABELS", wide: true), .init("MESSAGE"),
    ]

    /// `ssh-key list`.
    package var sshKeyListing: Listing {
        let items = sshKeyNames.known.map(\.id).sorted().map { id in
            let stored = sshKeys[id]
            let key = stored?.value
            return Listing.Item(
                id: id.text, name: id.text, labels: key?.labels ?? [:],
                cells: [
                    .text(id.text), .text(key?.publicKey.type), .text(key?.publicKey.fingerprint),
                    .text(key?.comment), .number(users(of: id).count),
                    .labels(key?.labels ?? [:]),
                    .text(malformed[RecordKey.sshKey(id).path]?.description),
                ],
                revisions: stored.map { [$0.revision] } ?? [],
                document: { try self.document(of: id) })
        }
        return Listing(.sshKey, Self.sshKeyColumns, items)
    }

    /// `ssh-key show` for people.
    package func sshKeyDetails(_ id: SSHKeyID) -> String {
        let key = sshKeys[id]?.value
        var table = Table(["SSH-KEY", id.text])
        table.add(["message", malformed[RecordKey.sshKey(id).path]?.description])
        table.add(["type", key?.publicKey.type])
        table.add(["fingerprint", key?.publicKey.fingerprint])
        table.add(["comment", key?.comment])
        table.add(["public key", key?.publicKey.description])
        table.add(["labels", Listing.Cell.labels(key?.labels ?? [:]).text])
        table.add(["revision", sshKeys[id]?.revision.description])
        table.add(["used by", users(of: id).joined(separator: ", ")])
        return table.text
    }

    /// One key for programs: `id`, `name`, `message`, `fingerprint`, and the record as it is.
    package func document(of id: SSHKeyID) throws -> JSONValue {
        .object([
            "id": .string(id.text), "name": .string(id.text),
            "message": JSONValue(malformed[RecordKey.sshKey(id).path]?.description),
            "fingerprint": JSONValue(sshKeys[id]?.value.publicKey.fingerprint),
            "desired": try JSONValue(sshKeys[id]),
        ])
    }
}

extension SSHPublicKey {
    /// As `ssh-keygen -l` prints it.
    package var fingerprint: String {
        let digest = Data(SHA256.hash(data: blob)).base64EncodedString()
        return "SHA256:" + digest.prefix { $0 != "=" }
    }
}
