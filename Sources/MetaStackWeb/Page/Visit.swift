import Foundation
import HTTPTypes
import Hummingbird
import MetaStackManagement
import MetaStackModel

/// Somebody who looks at a page, or has sent its form.
struct Visit: Sendable {
    let request: Request
    let context: WebContext
    let identity: Identity
    var cluster: Cluster
    let now: Timestamp
    /// The form's fields.
    let typed: [String: String]

    var canWrite: Bool { identity.role >= .operate }
    var isAdmin: Bool { identity.role >= .admin }
    var proof: String { identity.formProof }

    /// The fields of the address.
    var query: [String: String] { RequestBody.fields(of: request.uri.query ?? "") }

    /// The same with a newer copy of the records.
    func again(_ cluster: Cluster) -> Visit {
        var visit = self
        visit.cluster = cluster
        return visit
    }

    /// What was typed into a field, without blanks around it; nil where that is nothing.
    func text(_ field: String) -> String? {
        let text = (typed[field] ?? "").trimmed
        return text.isEmpty ? nil : text
    }

    // MARK: What the path names

    func vm() throws -> VMID { try cluster.vm(called: try context.part("vm")) }

    /// - Throws: `Problem` (404) for the beginning of a name, too.
    func host() throws -> HostID {
        let text = try context.part("host")
        let id = HostID(unchecked: try cluster.find(.host, text))
        guard id.text == text else {
            throw Problem(.notFound, "there is no host \(text.quotedForPeople)")
        }
        return id
    }

    // MARK: What may be done

    /// - Throws: `Problem` (403) for those who may only look.
    func requireWriter() throws {
        guard canWrite else {
            throw Problem(
                .forbidden,
                "token \(identity.name) is a \(identity.role.rawValue)'s, this needs the role "
                    + AccessToken.Role.operate.rawValue)
        }
    }

    // MARK: What a form has shown

    /// In place of a revision, where there was no record.
    private static let none = "none"

    /// The field that says which revision of a record a form shows.
    static func seen(_ record: DesiredRecord?) -> FormView.Hidden {
        FormView.Hidden(name: "revision", value: record.map { "\($0.revision)" } ?? none)
    }

    /// The revision of the record as the form has shown it; nil where it has shown that there is none.
    ///
    /// - Throws: `Problem`: 400 for a form without one, 409 where there was none and is one now.
    func revisionSeen(of kind: ResourceKind, _ id: String) throws -> Revision? {
        guard let text = typed["revision"] else { throw Self.unclear }
        if text == Self.none {
            guard cluster.desiredRecord(kind, id) == nil else {
                throw CommandFailure.changedMeanwhile("\(kind.word) \(id)")
            }
            return nil
        }
        guard let number = Int64(text) else { throw Self.unclear }
        return Revision(number)
    }

    private static var unclear: Problem {
        Problem(.badRequest, "the form does not say what it changes, open it anew")
    }
}
