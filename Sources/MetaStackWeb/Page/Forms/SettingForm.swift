import Foundation
import HTTPTypes
import MetaStackManagement
import MetaStackModel

/// One setting and its form: field by field where nodes know it, as JSON where they do not.
struct SettingForm {
    let name: String
    private let visit: Visit
    private let known: KnownSetting?
    private let stored: DesiredRecord?

    /// - Throws: `Problem` (404) for a name that neither nodes know nor somebody has set.
    init(_ visit: Visit) throws {
        name = try visit.context.part("config")
        self.visit = visit
        known = KnownSetting(rawValue: name)
        stored = visit.cluster.desiredRecord(.config, name)
        let isThere = stored != nil || malformed != nil
        guard known != nil || isThere else {
            throw Problem(.notFound, "there is no setting \(name.quotedForPeople)")
        }
    }

    private var malformed: MalformedRecord? {
        visit.cluster.malformed[RecordKey.globalConfig(name).path]
    }

    private var path: String { SettingRoutes.path(name) }

    // MARK: What is shown

    func page(_ view: SettingView) -> Page {
        Page(title: view.heading, template: "setting", content: view, kinds: [.config])
    }

    var view: SettingView {
        var view = SettingView(
            heading: "Setting \(name.printable)",
            summary: known?.summary ?? "No node knows it; it is kept for whoever reads it.",
            standing: stored == nil && malformed == nil ? "Nobody has set it." : nil,
            alert: malformed?.description.printable,
            record: visit.canWrite ? nil : record.map { (try? $0.line()) ?? "" })
        guard visit.canWrite else { return view }
        view.form = FormView(
            "setting", action: path, submit: "Save", proof: visit.proof, fields: fields,
            hidden: [Visit.seen(stored)])
        if stored != nil || malformed != nil {
            view.unset = FoldedForm(
                detailsID: "unset-details",
                summary: known == nil ? "Remove it" : "Remove it, so that its default holds again",
                form: FormView(
                    "unset", action: "\(path)/delete", submit: "Remove", proof: visit.proof,
                    hidden: [Visit.seen(stored)], isDangerous: true))
        }
        return view
    }

    /// What holds; nil where each program has its own.
    private var record: JSONValue? {
        // What is made of constants can be written.
        stored?.record ?? (try? known?.defaults()) ?? nil
    }

    private var fields: [FormView.Field] {
        guard let known else { return [Self.field(record.map(Self.text) ?? "{}")] }
        var values: [String: JSONValue] = [:]
        if case .object(let fields)? = record { values = fields }
        return known.fields.map { $0.typed(values[$0.name]) }
    }

    /// The whole record as JSON.
    static func field(_ text: String) -> FormView.Field {
        FormView.Field(
            name: "record", label: "Value", value: text, hint: "A JSON object.", isLong: true)
    }

    private static func text(_ record: JSONValue) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // What came as JSON can be written as JSON.
        return String(decoding: (try? encoder.encode(record)) ?? Data(), as: UTF8.self)
    }

    // MARK: What was typed

    /// - Throws: `Problem`, `CommandFailure` with the field that is to blame.
    func change() throws -> ResourceChange {
        let seen = try visit.revisionSeen(of: .config, name)
        if known == .takeover {
            // Its record says when it was written, and it is written also where nothing changes.
            let word = visit.text("state") ?? ""
            guard let state = TakeoverSwitch.State(rawValue: word) else {
                throw Problem.field("state", "it is armed or disarmed")
            }
            return try TakeoverSwitchChange(to: state, reason: visit.text("reason"))
                .change(expecting: seen, in: visit.cluster, at: visit.now)
        }
        if let known {
            return try ResourceChange.patch(
                .config, id: name, try known.fields.patch(visit.typed), expecting: seen,
                in: visit.cluster, at: visit.now)
        }
        return try ResourceChange.replace(
            .config, id: name, try Self.json(visit.typed["record"] ?? ""), expecting: seen,
            in: visit.cluster, at: visit.now)
    }

    /// - Throws: `Problem` for what is no JSON object.
    static func json(_ text: String) throws -> JSONValue {
        // Why it is none is told better by whoever knows that it shall be an object.
        guard let json = try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)),
            case .object = json
        else { throw Problem.field("record", "it must be a JSON object, such as {\"size\": 3}") }
        return json
    }
}

/// One setting: `setting.mustache`.
struct SettingView: Sendable {
    let heading: String
    let summary: String
    let standing: String?
    var alert: String?
    /// For those who may not write.
    let record: String?
    var form: FormView?
    var unset: FoldedForm?
}
