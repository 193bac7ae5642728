import ArgumentParser
import MetaStackManagement
import MetaStackModel

/// How a new VM may be moved.
struct MoveOptions: ParsableArguments {
    @Flag(
        help: """
            Let a host's maintenance, or another pin, shut the guest down and start it elsewhere, where it \
            cannot be moved while it runs.
            """)
    var offlineMoves = false

    @Flag(help: "Go back to a host that it left for maintenance, once that takes VMs again.")
    var goesBack = false

    var wishes: MoveWishes { MoveWishes(offline: offlineMoves, goesBack: goesBack) }
}
