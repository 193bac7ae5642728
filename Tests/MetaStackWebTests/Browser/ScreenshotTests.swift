import Foundation
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

@testable import MetaStackWeb

extension BrowserTests {
    /// The pictures of docs/web.md: written into the folder that `METASTACK_SCREENSHOTS` names.
    @Suite struct Pictures {
        private struct Scene {
            let file: String
            let path: String
            var scheme = "light"
            var width = 1200
            var height = 820
        }

        private static let scenes = [
            Scene(file: "web-overview", path: "/"),
            Scene(file: "web-vms", path: "/vms", scheme: "dark"),
            Scene(file: "web-events", path: "/events?vm=shop-03"),
            Scene(file: "web-vm", path: "/vms/shop-03"),
            Scene(file: "web-phone", path: "/vms/shop-03", scheme: "dark", width: 360, height: 740),
        ]

        @Test func eachPageHasAPicture() async throws {
            let folder = try TemporaryDirectory(prefix: "metastack-pictures")
            defer { folder.remove() }
            let target = ProcessInfo.processInfo.environment["METASTACK_SCREENSHOTS"] ?? folder.path
            try await LiveServer.run { server in
                try await server.fillForPictures()
                try await Browser.run { browser in
                    try await browser.logIn(server, .operate)
                    for scene in Self.scenes {
                        try await browser.resize(width: scene.width, height: scene.height)
                        try await browser.prefer(colorScheme: scene.scheme)
                        try await browser.open(server.url + scene.path)
                        try await browser.waitUntilLive()
                        let file = "\(target)/\(scene.file).png"
                        try await browser.screenshot(to: file)
                        let picture = try Data(contentsOf: URL(filePath: file))
                        #expect(picture.starts(with: [0x89, 0x50, 0x4e, 0x47]), "\(file)")
                    }
                    #expect(try await browser.complaints() == [])
                }
            }
        }
    }
}

extension LiveServer {
    /// A small deployment in which something has happened.
    fileprivate func fillForPictures() async throws {
        try await fill()
        let now = Timestamp(Date())
        func ago(_ seconds: Int64) -> Timestamp {
            Timestamp(milliseconds: now.milliseconds - seconds * 1000)
        }
        for (name, used) in [("a", 38), ("b", 21), ("c", 52)] {
            var host = try Host.sample(name)
            host.usedVCPU = used
            host.usedRAM = try Mebibytes(used * 12_000)
            host.since = ago(86_400)
            try await put(.host(HostID(unchecked: name)), host)
        }
        for number in 1...24 {
            let name = "shop-" + String(100 + number).dropFirst()
            let id = VMID(unchecked: "s\(number)")
            var vm = DesiredVM(
                name: try ResourceName(name), flavour: "f1", image: "i1",
                state: number == 9 ? .stop : .start)
            vm.rest["created_at"] = .string(ago(Int64(number) * 7200).description)
            try await put(.desiredVM(id), vm)
            guard number != 9 else { continue }
            var claim = try ActualVM.sample(on: ["a", "b", "c"][number % 3])
            claim.since = ago(Int64(number) * 300)
            if number == 5 {
                claim.state = .failed
                claim.message = "the guest has crashed five times within a minute"
            }
            try await put(.actualVM(id), claim)
        }
        try await importImage()
        let disk = VolumeID(vm: VMID(unchecked: "s3"))
        try await put(
            .volume(disk),
            Volume(
                pool: try PoolName("vms"), image: "s3-root", size: try Mebibytes(2048), vm: disk.vm,
                vmCreateRevision: Revision(1), source: ImageID(unchecked: "i1"), provisioned: true))
        let gone = HostID(unchecked: "d")
        let takeover = Takeover(
            from: gone, to: HostID(unchecked: "a"), incarnation: Revision(4711),
            lastProven: ago(905), expired: ago(900),
            claimed: Timestamp(
                milliseconds: ago(900).milliseconds + 41),
            evicted: Timestamp(milliseconds: ago(900).milliseconds + 98),
            started: Timestamp(milliseconds: ago(900).milliseconds + 612))
        try await put(
            .history(VMID(unchecked: "s3")),
            VMHistory(
                vmCreateRevision: Revision(1), host: HostID(unchecked: "a"),
                incarnation: Revision(4711), boots: 2, takeovers: [takeover]))
    }
}
