import ArgumentParser
import MetaStackManagement
import MetaStackModel

struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "Write the script by which a shell completes commands and names.",
        discussion: """
            bash: metastack completion bash > /etc/bash_completion.d/metastack
            zsh:  metastack completion zsh > /usr/local/share/zsh/site-functions/_metastack
            fish: metastack completion fish > ~/.config/fish/completions/metastack.fish

            Names of VMs, hosts, images, flavours, keys, volumes and settings are asked of the cluster as the key \
            is pressed, for a second at most.
            """)

    @Argument(
        help: "bash, zsh or fish.", completion: .list(["bash", "zsh", "fish"]),
        transform: CompletionCommand.shell)
    var shell: CompletionShell

    static func shell(_ text: String) throws -> CompletionShell {
        guard let shell = CompletionShell(rawValue: text) else {
            throw ArgumentParser.ValidationError(
                "there is no completion for \(text.quotedForPeople), use bash, zsh or fish")
        }
        return shell
    }

    func run() throws {
        Screen.standard().output(shell.script + "\n")
    }
}
