/// Tables and forms below them: `list.mustache`.
struct ListView: Sendable {
    let heading: String
    var intro: String?
    var alert: String?
    let tables: [TableView]
    /// What else belongs to it.
    var links: [LinkView] = []
    /// Empty for those who may not write.
    var forms: [FoldedForm] = []

    /// With one of its forms as it was refused.
    func refused(_ formID: String, _ problem: Problem, typed: [String: String]) -> ListView {
        var view = self
        if !view.forms.refuse(formID, problem, typed: typed) { view.alert = problem.sentence }
        return view
    }
}
