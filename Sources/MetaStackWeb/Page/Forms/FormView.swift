import MetaStackModel
import Mustache

/// A form of a page: `form.mustache`. Every form that posts does so to a route that checks its ``proof``.
struct FormView: Sendable, Equatable {
    struct Option: Sendable, Equatable {
        let value: String
        let text: String
        let isChosen: Bool
    }

    struct Hidden: Sendable, Equatable {
        let name: String
        let value: String
    }

    struct Field: Sendable, Equatable {
        let name: String
        var label: String
        var value = ""
        var type = "text"
        var autocomplete = "off"
        var hint: String?
        /// What is wrong with what was typed.
        var problem: String?
        var isRequired = false
        /// Whether it may have many lines.
        var isLong = false
        /// Not empty for a choice.
        var options: [Option] = []
        /// Of the form, so that two forms of a page may have a field of one name.
        var formID = ""

        var isSelect: Bool { !options.isEmpty }
        var inputID: String { "\(formID)-\(name)" }
        var describedBy: String? { hint == nil && problem == nil ? nil : "\(inputID)-hint" }
    }

    let formID: String
    let action: String
    let submit: String
    /// `get` for one that only asks.
    let method: String
    /// nil where nobody is logged in yet, and where it only asks.
    let proof: String?
    var hidden: [Hidden] = []
    var fields: [Field] = []
    /// What is wrong with the whole.
    var alert: String?
    var isDangerous = false
    var isInline = false

    init(
        _ formID: String, action: String, submit: String, proof: String?, fields: [Field] = [],
        hidden: [Hidden] = [], isDangerous: Bool = false, isInline: Bool = false
    ) {
        self.formID = formID
        self.action = action
        self.submit = submit
        method = "post"
        self.proof = proof
        self.hidden = hidden
        self.isDangerous = isDangerous
        self.isInline = isInline
        self.fields = Self.named(fields, formID)
    }

    /// One that asks, and changes nothing: its fields become the address's.
    init(asking formID: String, action: String, submit: String, fields: [FormView.Field]) {
        self.formID = formID
        self.action = action
        self.submit = submit
        method = "get"
        proof = nil
        isInline = true
        self.fields = Self.named(fields, formID)
    }

    private static func named(_ fields: [Field], _ formID: String) -> [Field] {
        fields.map { field in
            var field = field
            field.formID = formID
            return field
        }
    }

    /// The form as somebody has sent it, and why it was refused: each reason beside its field.
    func refused(_ problem: Problem, typed: [String: String]) -> FormView {
        var form = self
        let names = Set(fields.map(\.name))
        for place in form.fields.indices {
            let name = form.fields[place].name
            if let value = typed[name], form.fields[place].type != "password" {
                form.fields[place].value = value
                form.fields[place].options = form.fields[place].options.map {
                    Option(value: $0.value, text: $0.text, isChosen: $0.value == value)
                }
            }
            let reasons = problem.errors.filter { $0.isAbout(name) }.map(\.problem)
            form.fields[place].problem = reasons.first
        }
        let isTold = problem.errors.contains { error in names.contains { error.isAbout($0) } }
        form.alert = isTold ? "Nothing was changed: look at the fields below." : problem.sentence
        return form
    }
}

extension FormView.Field {
    /// A choice among texts.
    static func choice(
        _ name: String, _ label: String, among options: [(value: String, text: String)],
        chosen: String, hint: String? = nil
    ) -> Self {
        // What is chosen stays to be seen, also where it is gone.
        let missing = options.contains { $0.value == chosen } ? [] : [(chosen, chosen)]
        return Self(
            name: name, label: label, value: chosen, hint: hint,
            options: (options + missing).map {
                FormView.Option(value: $0.0, text: $0.1, isChosen: $0.0 == chosen)
            })
    }
}

extension FieldProblem {
    /// Whether it is about a field, or something in it: `labels.app` is about `labels`.
    fileprivate func isAbout(_ name: String) -> Bool {
        path == name || path.hasPrefix(name + ".") || path.hasPrefix(name + "[")
    }
}

/// Templates see what is stored alone; these names have more.
extension FormView.Field: MustacheParent {
    func child(named property: String) -> Any? {
        switch property {
        case "name": name
        case "label": label
        case "value": value
        case "type": type
        case "autocomplete": autocomplete
        case "hint": hint
        case "problem": problem
        case "isRequired": isRequired
        case "isLong": isLong
        case "options": options
        case "isSelect": isSelect
        case "inputID": inputID
        case "describedBy": describedBy
        default: nil
        }
    }
}

extension Problem {
    var sentence: String { detail.asSentence }
}
