import Foundation
import Synchronization
import Testing

@testable import Libvirt

/// A libvirtd of the tests' own: its files, sockets, processes and network are nobody else's.
///
/// It runs in mount, PID and network namespaces of its own, under a shell that reaps (libvirtd waits
/// 40 s for each zombie of its QEMU probes). The shell takes orders on its standard input; at the
/// end of that, also when the tests die, it ends, the kernel kills what is left in its PID
/// namespace, the mounts go with the mount namespace, and the outer shell removes the files.
final class PrivateLibvirtd: Sendable {
    @TaskLocal static var current: PrivateLibvirtd?

    let directory: String
    private let process: Process
    private let orders: FileHandle

    /// What `LibvirtConnection.open` reaches it by, without any other libvirtd's socket.
    var uri: String { "qemu+unix:///system?socket=\(directory)/socket/libvirt-sock" }

    /// A disk on a full file system; its boot sector writes where no block is yet.
    var fullDisk: String { "\(directory)/full/disk" }

    /// Starts a libvirtd and returns when it answers.
    static func start() async throws -> PrivateLibvirtd {
        let server = try PrivateLibvirtd()
        do {
            try await server.answers()
            return server
        } catch {
            await server.stop()
            throw error
        }
    }

    private init() throws {
        directory = "/tmp/metastack-libvirt-\(UUID().uuidString.lowercased().prefix(8))"
        let input = Pipe()
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = [
            "-c", Self.outerScript, "libvirtd-fixture", directory, Self.innerScript,
        ]
        process.standardInput = input
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        orders = input.fileHandleForWriting
        // The script ends when this end is closed: children of other tests must not hold it open.
        _ = fcntl(orders.fileDescriptor, F_SETFD, FD_CLOEXEC)
        try process.run()
    }

    /// Kills the daemon (SIGKILL), guests stay.
    func kill() throws { try orders.write(contentsOf: Data("kill\n".utf8)) }

    /// Starts the daemon again after `kill`.
    func startAgain() async throws {
        try orders.write(contentsOf: Data("start\n".utf8))
        try await answers()
    }

    /// Ends everything and returns when the files have gone.
    func stop() async {
        try? orders.close()  // closed already is as good
        await eventually("the private libvirtd ends") { !self.process.isRunning }
        #expect(!FileManager.default.fileExists(atPath: directory))
    }

    private func answers() async throws {
        let limit = ContinuousClock.now + .seconds(60)
        while true {
            do {
                let connection = try await LibvirtConnection.open(uri: uri)
                return await connection.close()
            } catch  where ContinuousClock.now < limit && process.isRunning {
                try await Task.sleep(for: .milliseconds(50))
            } catch {
                throw NotThere(reason: "\(error)", log: log)
            }
        }
    }

    private var log: String {
        let path = "\(directory)/log/libvirtd.log"
        return FileManager.default.contents(atPath: path).map {
            String(decoding: $0, as: UTF8.self)
        }
            ?? "no log"
    }

    struct NotThere: Error, CustomStringConvertible {
        let reason: String
        let log: String
        var description: String {
            """
            no private libvirtd: \(reason). It needs root, libvirt-daemon-system, \
            qemu-system-x86, iproute2 and namespaces. Its log: \(log)
            """
        }
    }
}

/// Runs a suite's tests with one private libvirtd, which ends with them.
struct PrivateLibvirtdTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let server = try await PrivateLibvirtd.start()
        do {
            try await PrivateLibvirtd.$current.withValue(server) { try await function() }
            await server.stop()
        } catch {
            await server.stop()
            throw error
        }
    }
}

extension Trait where Self == PrivateLibvirtdTrait {
    static var privateLibvirtd: Self { PrivateLibvirtdTrait() }
}

extension PrivateLibvirtd {
    /// Writes the configuration, enters the namespaces, and removes the files in any case.
    fileprivate static let outerScript = """
        trap '' INT TERM HUP
        D=$1
        mkdir -p "$D"/socket "$D"/run "$D"/lib "$D"/cache "$D"/log "$D"/etc/qemu
        cat > "$D/etc/libvirtd.conf" <<END
        listen_tls = 0
        unix_sock_dir = "$D/socket"
        auth_unix_rw = "none"
        auth_unix_ro = "none"
        host_uuid = "$(cat /proc/sys/kernel/random/uuid)"
        log_outputs = "2:file:$D/log/libvirtd.log"
        END
        cat > "$D/etc/qemu.conf" <<END
        security_driver = "none"
        user = "root"
        group = "root"
        cgroup_controllers = []
        namespaces = []
        remember_owner = 0
        dynamic_ownership = 0
        stdio_handler = "file"
        END
        unshare --mount --net --pid --fork --kill-child --mount-proc bash -c "$2" init "$D"
        for i in 1 2 3 4 5; do rm -rf "$D" && break; done
        """

    /// The first process of the namespaces: `wait` in the trap reaps, `read` takes orders.
    fileprivate static let innerScript = #"""
        D=$1
        mount -t tmpfs tmpfs /run && mkdir /run/libvirt
        mount --bind "$D/run" /run/libvirt
        for part in lib cache log; do mount --bind "$D/$part" "/var/$part/libvirt"; done
        mount --bind "$D/etc" /etc/libvirt
        ip link set lo up
        ip link add br-test type bridge && ip link set br-test up
        mkdir "$D/full" && mount -t tmpfs -o size=64k tmpfs "$D/full"
        # es = 0, bx = 0x7c00, then INT 13h: write 1 sector of drive 0x80 at sector 17, and wait.
        printf '\x31\xC0\x8E\xC0\xBB\x00\x7C\xB8\x01\x03\xB9\x11\x00\xBA\x80\x00\xCD\x13\xEB\xFE' \
            > "$D/full/disk"
        printf '\x55\xAA' | dd of="$D/full/disk" bs=1 seek=510 conv=notrunc
        truncate -s 1M "$D/full/disk"
        dd if=/dev/zero of="$D/full/filler" bs=4k
        launch() { libvirtd -f /etc/libvirt/libvirtd.conf -p "$D/pid" < /dev/null & daemon=$!; }
        launch
        while read -r order; do
            case $order in
                kill) kill -KILL "$daemon"; wait "$daemon" ;;
                start) launch ;;
            esac
        done
        exit 0
        """#
}

/// Waits for a condition, a minute at most; where it does not come true, the test fails.
func eventually(
    _ what: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: @Sendable () async throws -> Bool
) async rethrows {
    let limit = ContinuousClock.now + .seconds(60)
    while try await !condition() {
        guard ContinuousClock.now < limit else {
            Issue.record("never: \(what)", sourceLocation: sourceLocation)
            return
        }
        try? await Task.sleep(for: .milliseconds(5))  // cancelled: the next look comes sooner
    }
}
