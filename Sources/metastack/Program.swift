import MetaStackCommands

@main
struct Program {
    static func main() async {
        await MetaStackCommand.launch()
    }
}
