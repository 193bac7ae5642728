import Foundation
import Glibc
import MetaStackModel

/// The QEMU processes of MetaStack's guests on this host, seen and ended without libvirt: where its daemon
/// is away, or a QEMU does not listen to it.
///
/// A QEMU whose disk does not answer may hold its own lock for as long, and then takes no order, while its
/// guest goes on computing; libvirt's `destroy` would ask it first and wait for ten seconds.
struct GuestProcesses: Sendable {
    /// Where libvirt keeps, for each domain that runs, its process's number (`NAME.pid`) and its
    /// description (`NAME.xml`), see libvirt's `qemu_driver`.
    static let libvirtFolder = "/run/libvirt/qemu"

    private let folder: URL
    private let processes: URL

    init(folder: String = GuestProcesses.libvirtFolder, processes: String = "/proc") {
        self.folder = URL(filePath: folder)
        self.processes = URL(filePath: processes)
    }

    /// The VMs with a process here. A domain without MetaStack's metadata is not one of them.
    func list() -> [VMID] {
        // No folder: libvirt has run nothing since the machine came up.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.compactMap { name in
            guard name.hasSuffix(".pid") else { return nil }
            return DomainNaming.vm(of: String(name.dropLast(4)))
        }.filter { process(of: $0) != nil }.sorted()
    }

    /// Ends the VM's process at once (`SIGKILL`).
    ///
    /// - Throws: `POSIXError`, where it is there and cannot be ended.
    func kill(_ vm: VMID) throws {
        guard let process = process(of: vm), Glibc.kill(process, SIGKILL) != 0 else { return }
        guard errno != ESRCH else { return }  // It ended by itself.
        throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EPERM)
    }

    /// The number that libvirt wrote down, where that process is the guest still: numbers are used again.
    private func process(of vm: VMID) -> pid_t? {
        let name = DomainNaming.name(of: vm)
        guard let number = read(folder.appending(path: "\(name).pid")).flatMap(number),
            read(folder.appending(path: "\(name).xml"))?.contains(DomainMark.namespace) == true,
            let command = read(processes.appending(path: "\(number)/cmdline")),
            command.split(separator: "\0").contains(where: { $0.hasPrefix("guest=\(name),") })
        else { return nil }
        return number
    }

    private func number(_ text: String) -> pid_t? {
        pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    /// nil for what is not there, or no more.
    private func read(_ file: URL) -> String? {
        (try? Data(contentsOf: file)).map { String(decoding: $0, as: UTF8.self) }
    }
}
