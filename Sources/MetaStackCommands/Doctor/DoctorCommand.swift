import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct DoctorCommand: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look at everything that can be wrong, and say what mends it.",
        discussion: """
            It asks etcd's members one by one, and reads all records: what nodes say of Ceph and of \
            themselves, VMs that stand still, records that nobody can read, what is left over. A problem is \
            something that does not mend itself, and makes the exit status 1; a notice is worth knowing. \
            Through a server it is the server that looks.
            """)

    @OptionGroup var global: GlobalOptions

    func perform(in session: CommandSession) async throws {
        let diagnosis = try await session.access.diagnosis(at: session.now())
        try session.answer(diagnosis.document, name: diagnosis.hasProblems ? "ill" : "well") {
            diagnosis.text
        }
        // What is wrong is the answer, and no sentence of its own.
        if diagnosis.hasProblems { throw CommandFailure(.failed, "") }
    }
}
