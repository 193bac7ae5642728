import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct DiffCommand: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show what apply would change; exit status 1 where it is anything.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var files: FileOptions

    func perform(in session: CommandSession) async throws {
        let plan = try ApplyPlan(
            try files.documents(), in: try await session.access.load(.everything),
            at: session.now(),
            newID: session.newID)
        for step in plan.steps where step.change.isNeeded {
            session.screen.output(try text(of: step.change, hasColours: session.screen.hasColours))
        }
        // What differs is the answer, and no sentence of its own.
        if plan.isNeeded { throw CommandFailure(.failed, "") }
    }

    private func text(of change: ResourceChange, hasColours: Bool) throws -> String {
        let before = try change.before?.yaml() ?? ""
        let after = try change.after?.yaml() ?? ""
        let head = "--- \(change.words) as it is wanted\n+++ \(change.words) as the file has it\n"
        return head + UnifiedDiff(before, after).text(hasColours: hasColours)
    }
}
