import ArgumentParser
import MetaStackManagement
import MetaStackModel

/// The labels of something new.
struct LabelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A label by which to pick it out; may be repeated.", valueName: "key=value"),
        transform: Label.init)
    var label: [Label] = []

    func validate() throws { try Labels.validate(label.dictionary) }
}
