import Foundation
import Glibc

/// Sees to it that no lab outlives the test process.
///
/// At a normal exit the lab is taken down before the process ends, so that whoever waits for the
/// tests finds nothing left. A crash or SIGKILL skips that: a process in a session of its own
/// watches the test's pid and takes down what it left.
enum LabGuard {
    /// A folder that is the guard's to remove; Ceph's sockets need a short path.
    static func temporaryFolder() throws -> URL {
        var template = Array("/tmp/msl-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw SystemTestError(
                "cannot make a folder in /tmp: \(String(cString: strerror(errno)))")
        }
        let path = template.dropLast().map(UInt8.init(bitPattern:))
        return URL(filePath: String(decoding: path, as: UTF8.self))
    }

    static func watch(over folder: URL) throws {
        let script = """
            tail --pid="$1" -s 0.2 -f /dev/null
            "$2" --dir "$3" down
            rmdir "$3"
            """
        _ = try spawn([
            "/usr/bin/setsid", "sh", "-c", script, "guard", "\(getpid())", Lab.tool, folder.path,
        ])
        folders.append(folder.path)
        if folders.count == 1 {
            atexit { LabGuard.takeDown() }
        }
    }

    /// Written before any test runs and by one task, read when the process ends.
    nonisolated(unsafe) private static var folders: [String] = []

    private static func takeDown() {
        for folder in folders {
            do {
                let pid = try spawn([Lab.tool, "--dir", folder, "down"])
                var status: Int32 = 0
                waitpid(pid, &status, 0)
            } catch {
                FileHandle.standardError.write(Data("\(error)\n".utf8))
            }
        }
    }

    /// Starts a program that holds none of this process's streams.
    private static func spawn(_ words: [String]) throws -> pid_t {
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0)
        // Connections and pipes of other tests must not live on in this child.
        for descriptor in Int32(3)..<1024 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, words[0], &files, nil, arguments, environ)
        guard code == 0 else {
            throw SystemTestError("cannot run \(words[0]): \(String(cString: strerror(code)))")
        }
        return pid
    }
}
