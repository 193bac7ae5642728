/// A table and forms below it: `list.mustache`.
struct ListView: Sendable {
    let heading: String
    var intro: String?
    var alert: String?
    let table: TableView
    /// Empty for those who may not write.
    var forms: [FoldedForm] = []

    /// With one of its forms as it was refused.
    func refused(_ formID: String, _ problem: Problem, typed: [String: String]) -> ListView {
        var view = self
        guard let place = forms.firstIndex(where: { $0.form.formID == formID }) else {
            view.alert = problem.sentence
            return view
        }
        view.forms[place].form = forms[place].form.refused(problem, typed: typed)
        view.forms[place].isOpen = true
        return view
    }
}
