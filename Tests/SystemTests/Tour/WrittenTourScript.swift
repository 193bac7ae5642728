import Foundation

/// The tour's lines as a script of bash, with the patience of somebody who reads between them.
///
/// Each line is run as it is, but for what another machine has another of: the VM's id, the hosts on
/// which it turns out to run, and addresses.
struct WrittenTourScript {
    let tour: WrittenTour
    /// Where etcd is, and where a server may listen.
    let endpoint: String
    let listen: String

    /// What the page does before its first line or after its last is the test's.
    private static let others = [
        "export METASTACK_CONFIG=", "export PATH=", "deploy/metastack-lab down",
    ]

    /// The steps that are run, by their numbers.
    ///
    /// - Parameter withServer: whether those are among them that start a server and ask it.
    func steps(withServer: Bool) -> [(number: Int, step: WrittenTour.Step)] {
        var isServing = false
        return tour.steps.enumerated().filter { _, step in
            if step.line.hasPrefix("metastack serve") { isServing = true }
            defer { if step.line.hasPrefix("kill ") { isServing = false } }
            return (withServer || !isServing)
                && !Self.others.contains { step.line.hasPrefix($0) }
        }.map { ($0.offset, $0.element) }
    }

    /// Each line's output is in the folder OUT under its number, its errors and its status beside it.
    func text(_ steps: [(number: Int, step: WrittenTour.Step)]) -> String {
        Self.beginning
            + steps.map { number, step in
                """
                { \(typed(step.line))
                } >"$OUT/\(number)" 2>"$OUT/\(number).errors"
                echo $? >"$OUT/\(number).status"
                \(patience(after: step.line))

                """
            }.joined()
    }

    private func typed(_ line: String) -> String {
        var line =
            line.replacing(tour.vm, with: "$VM")
            .replacing(tour.vm.prefix(8), with: "${VM:0:8}")
            .replacing(/ETCDCTL_ENDPOINTS=[^ ]+/, with: "ETCDCTL_ENDPOINTS=\(endpoint)")
            .replacing("127.0.0.1:8480", with: listen)
        if line.hasPrefix("metastack serve") {
            line = line.replacing("serve", with: "serve --listen \(listen)")
        }
        let third = ["host1", "host2", "host3"].filter { !tour.hosts.contains($0) }
        for (name, variable) in zip(tour.hosts + third, ["$FIRST", "$SECOND", "$THIRD"]) {
            line = line.replacing(name, with: variable)
        }
        return line
    }

    /// What somebody waits for before the next line.
    private func patience(after line: String) -> String {
        let waits = [
            (
                "metastack vm create web",
                """
                VM=$(metastack vm show web -o template='{.id}')
                FIRST=$(host_of web)
                until_so counts "$FIRST"
                """
            ),
            (
                "deploy/metastack-lab kill",
                """
                until_so runs_elsewhere "$FIRST"
                SECOND=$(host_of web)
                for host in host1 host2 host3; do
                    [[ $host == "$FIRST" || $host == "$SECOND" ]] || THIRD=$host
                done
                until_so counts "$SECOND"
                """
            ),
            ("etcdctl put /metastack/desired_vms/blog", "until_so runs blog"),
            ("etcdctl del /metastack/desired_vms/blog", "until_so is_gone blog"),
            ("metastack serve", "until_so curl -sfo /dev/null http://\(listen)/readyz"),
        ]
        return waits.first { line.hasPrefix($0.0) }?.1 ?? ""
    }

    private static let beginning = """
        until_so() {
            local end=$((SECONDS + 90))
            until "$@"; do
                ((SECONDS < end)) || { echo "gave up waiting until $*" >&2; exit 9; }
                sleep 0.2
            done
        }
        host_of() { metastack vm show "$1" -o template='{.actual.record.host}'; }
        runs() { [[ $(metastack vm show "$1" -o template='{.status}') == running ]]; }
        runs_elsewhere() { runs web && [[ $(host_of web) != "$1" ]]; }
        is_gone() { [[ -z $(etcdctl get --prefix --keys-only /metastack/ | grep "$1") ]]; }
        counts() {
            (($(deploy/metastack-lab logs "$1" console "$VM" | grep -c '^counter=') > 1))
        }
        # Where quickstart ends there is a VM.
        metastack vm create hello --flavour tiny --image tiny --wait || exit 9

        """
}
