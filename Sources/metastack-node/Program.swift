import ArgumentParser
import MetaStackAgent

@main
enum Program {
    /// The main thread does nothing but this and wait.
    @MainActor
    static func main() async {
        ProcessMemory.giveBackStack()
        await MetaStackNode.main()
    }
}
