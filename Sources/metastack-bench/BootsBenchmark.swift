import ArgumentParser
import Foundation
import MetaStackModel
import MetaStackStore

/// From the put of a desired record to a claim that says the guest runs.
///
/// The floor is the same work by hand on the same host: `rbd clone` of the same snapshot and a warm
/// `virsh create` of the same XML, alternating with the boots.
struct BootsBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "boots", abstract: "From a desired record to a running guest.")

    @OptionGroup var options: LabOptions

    @Option(help: "The host that runs them.")
    var host = "host1"

    func run() async throws {
        let lab = try Lab(options)
        let host = try HostID(host)
        var clone = Figures("rbd clone by hand")
        var create = Figures("virsh create by hand")
        var boot = Figures("desired record to running guest")
        for round in 0...options.rounds {
            let vm = try VMID("bench-boot-\(round)")
            let start = ContinuousClock.now
            try await lab.want(vm, on: host)
            let volume = try await lab.first { cluster in
                cluster.actualVMs[vm]?.value.state == .running
                    ? cluster.volumes[vm]?.values.first?.value : nil
            }
            let time = start.duration(to: .now)
            let byHand = try await lab.byHand(vm, volume, host)
            try await lab.drop(vm)
            // The first round warms QEMU's probes and the page cache, for both.
            guard round > 0 else { continue }
            boot.add(time)
            clone.add(byHand.clone)
            create.add(byHand.create)
        }
        let floor = clone.median + create.median
        print(Figures.header)
        for figures in [clone, create, boot] { print(figures.row) }
        print("\nboot / (clone + create) = \(boot.median.ratio(to: floor))")
    }
}

extension Lab {
    /// A twin of the VM's guest, made as an administrator would, timed, and removed.
    fileprivate func byHand(
        _ vm: VMID, _ volume: Volume, _ host: HostID
    ) async throws -> (clone: Duration, create: Duration) {
        guard let source = volume.source,
            let image = try await store.load().actualImages[source]?.value,
            let snapshot = image.snapshot, let rbdImage = image.rbdImage, let pool = image.pool
        else { throw BenchmarkError(description: "the image is not there any more") }
        let twin = "\(volume.image).twin"
        let start = ContinuousClock.now
        _ = try await run(
            "rbd", ["clone", "\(pool)/\(rbdImage)@\(snapshot)", "\(volume.pool)/\(twin)"])
        let clone = start.duration(to: .now)
        let create = try await createTime(of: "metastack-\(vm)", as: twin, host)
        _ = try await run("rbd", ["rm", "--no-progress", "\(volume.pool)/\(twin)"])
        return (clone, create)
    }

    /// Nanoseconds are taken in the host, around `virsh` alone.
    private func createTime(
        of domain: String, as twin: String, _ host: HostID
    ) async throws -> Duration {
        let printed = try await shell(
            on: host,
            """
            set -e
            f=$(mktemp)
            virsh dumpxml --inactive \(domain) | sed -e '/<uuid>/d' -e '/<mac /d' \
            -e 's#<name>.*</name>#<name>bench-twin</name>#' \
            -e "s#\\(<source protocol='rbd' name='[^/]*/\\)[^']*#\\1\(twin)#" \
            -e '/<log file/d' >$f
            a=$(date +%s%N); virsh -q create $f >/dev/null; b=$(date +%s%N)
            virsh -q destroy bench-twin >/dev/null; rm $f; echo $((b - a))
            """)
        guard let nanoseconds = Int64(printed.trimmingCharacters(in: .whitespacesAndNewlines))
        else { throw BenchmarkError(description: "virsh create printed \(printed)") }
        return .nanoseconds(nanoseconds)
    }
}
