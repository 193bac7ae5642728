/// A form that is folded away until somebody wants it.
struct FoldedForm: Sendable {
    let detailsID: String
    let summary: String
    var form: FormView
    var isOpen = false

    /// As somebody has sent it, and why it was refused.
    mutating func refuse(_ problem: Problem, typed: [String: String]) {
        form = form.refused(problem, typed: typed)
        isOpen = true
    }

    /// The form that takes away what one chooses.
    static func removal(
        _ formID: String, action: String, summary: String, submit: String,
        _ choice: FormView.Field, _ visit: Visit
    ) -> FoldedForm {
        FoldedForm(
            detailsID: "\(formID)-details", summary: summary,
            form: FormView(
                formID, action: action, submit: submit, proof: visit.proof, fields: [choice],
                isDangerous: true))
    }
}

extension [FoldedForm] {
    /// - Returns: whether there is such a form.
    mutating func refuse(_ formID: String, _ problem: Problem, typed: [String: String]) -> Bool {
        guard let place = firstIndex(where: { $0.form.formID == formID }) else { return false }
        self[place].refuse(problem, typed: typed)
        return true
    }
}
