import Foundation
import MetaStackTesting

/// A real shell that completes `metastack` over an etcd, in a home of its own.
struct Shell: Sendable {
    enum Kind: String, CaseIterable, Sendable { case bash, zsh, fish }

    let kind: Kind
    let home: TemporaryDirectory
    let endpoint: String

    /// Puts the program's script where the shell looks for it.
    init(_ kind: Kind, over endpoint: String, home: TemporaryDirectory) async throws {
        self.kind = kind
        self.home = home
        self.endpoint = endpoint
        let script = try await Program.run(["metastack", "completion", kind.rawValue])
        try write(script, to: kind.place)
        try write(Self.asking[kind] ?? "", to: "ask")
    }

    private func write(_ text: String, to path: String) throws {
        let file = URL(filePath: home.path).appending(path: path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    /// What it offers to put at the end of a line, without what it says of it.
    func candidates(_ line: String) async throws -> [String] {
        let flags = kind == .zsh ? ["-f"] : kind == .bash ? ["--norc", "--noprofile"] : []
        let said = try await Program.run(
            [kind.rawValue] + flags + [home.path + "/ask", home.path, line],
            [
                "HOME": home.path, "XDG_CONFIG_HOME": home.path + "/.config",
                "XDG_DATA_HOME": home.path + "/.local", "ZDOTDIR": home.path, "TERM": "dumb",
                "METASTACK_CONFIG": "", "METASTACK_ETCD_ENDPOINTS": endpoint,
            ])
        return said.split(whereSeparator: \.isNewline).compactMap { line in
            line.hasPrefix("[") ? String(line.dropFirst().prefix { $0 != "]" && $0 != "\t" }) : nil
        }
    }

    /// What asks each shell: the arguments are the folder and the line; each answer stands in brackets.
    private static let asking: [Kind: String] = [
        .bash: """
        . "$1/\(Kind.bash.place)"
        COMP_LINE=$2 COMP_POINT=${#2}
        read -ra COMP_WORDS <<<"$2"
        [[ $2 != *' ' ]] || COMP_WORDS+=('')
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _metastack metastack "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        ((${#COMPREPLY[@]} == 0)) || printf '[%s]\\n' "${COMPREPLY[@]}"
        """,
        .fish: """
        for word in (complete -C $argv[2])
            echo "[$word]"
        end
        """,
        // A zsh in a terminal of its own, whose completion system says what it adds.
        .zsh: #"""
        zmodload zsh/zpty
        typeset said= piece=
        export FOLDER=$1
        cat >$1/setup <<'SETUP'
        PROMPT=
        fpath=($FOLDER/functions $fpath)
        autoload -U compinit
        compinit -u -D
        bindkey '^I' complete-word
        zstyle ':completion:*' insert-tab false
        finish() { print '<end>'; exit }
        comppostfuncs=(finish)
        compadd() {
            if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
                builtin compadd "$@"
                return
            fi
            typeset -a __found
            builtin compadd -A __found "$@"
            typeset __one
            print
            for __one in $__found; do print -r - "[$__one]"; done
            builtin compadd "$@"
        }
        print '<ready>'
        SETUP
        zpty terminal zsh -f -i
        zpty -w terminal "source $1/setup"
        while [[ $said != *'<ready>'$'\r'* ]]; do
            zpty -r terminal piece || exit 1
            said+=$piece
        done
        said=
        zpty -n -w terminal "$2"$'\t'
        while [[ $said != *'<end>'* ]] && zpty -r terminal piece; do said+=$piece; done
        print -r - "$said"
        """#,
    ]
}

extension Shell.Kind {
    /// Where its script goes, below the home.
    var place: String {
        switch self {
        case .bash: "metastack.bash"
        case .zsh: "functions/_metastack"
        case .fish: ".config/fish/completions/metastack.fish"
        }
    }
}
