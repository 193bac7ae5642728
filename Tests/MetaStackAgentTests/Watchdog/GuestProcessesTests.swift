import Foundation
import MetaStackModel
import MetaStackTesting
import Testing

@testable import MetaStackAgent

/// What libvirt leaves in its folder for a domain, and a process that is no QEMU.
@Suite struct GuestProcessesTests {
    private let folder: TemporaryDirectory
    private let processes: GuestProcesses
    private let vm = VMID(unchecked: "web")

    init() throws {
        folder = try TemporaryDirectory(prefix: "metastack-processes")
        processes = GuestProcesses(folder: folder.path)
    }

    /// Starts a process whose words name a domain as QEMU's do.
    private func start(as domain: String) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", "while :; do sleep 1; done", "guest=\(domain),debug-threads=on"]
        try process.run()
        return process
    }

    private func write(_ name: String, _ text: String) throws {
        try text.write(toFile: "\(folder.path)/\(name)", atomically: true, encoding: .utf8)
    }

    private func describe(_ domain: String, pid: Int32) throws {
        try write("\(domain).pid", "\(pid)\n")
        try write("\(domain).xml", "<metastack:vm xmlns:metastack='\(DomainMark.namespace)'/>")
    }

    @Test func endsTheProcessOfAGuest() throws {
        defer { folder.remove() }
        let process = try start(as: "metastack-web")
        try describe("metastack-web", pid: process.processIdentifier)
        #expect(processes.list() == [vm])
        try processes.kill(vm)
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal)
        #expect(process.terminationStatus == SIGKILL)
        #expect(processes.list() == [])
        try processes.kill(vm)
    }

    @Test func leavesAProcessAloneThatGotTheNumberLater() throws {
        defer { folder.remove() }
        let process = try start(as: "metastack-web2")
        defer { process.terminate() }
        try describe("metastack-web", pid: process.processIdentifier)
        #expect(processes.list() == [])
        try processes.kill(vm)
        #expect(process.isRunning)
    }

    @Test func leavesADomainAloneThatIsNotMetaStacks() throws {
        defer { folder.remove() }
        let process = try start(as: "metastack-web")
        defer { process.terminate() }
        try describe("metastack-web", pid: process.processIdentifier)
        try write("metastack-web.xml", "<domain/>")
        #expect(processes.list() == [])
        try processes.kill(vm)
        #expect(process.isRunning)
    }

    @Test func findsNothingWhereLibvirtHasRunNothing() throws {
        folder.remove()
        #expect(processes.list() == [])
        try processes.kill(vm)
    }
}
