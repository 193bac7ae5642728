import Curl
import Foundation
@testable import MetaStackAgent
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

extension AgentTests {
    struct ImageTests {
        private static let tiny = ImageID(unchecked: "tiny")

        /// An image of which only the file is real, and a host that fetches it in earnest.
        private func importing(
            _ file: Data, checksum: String? = nil,
            _ body: @escaping @Sendable (TestFleet, Cluster) async throws -> Void
        ) async throws {
            let directory = try TemporaryDirectory(prefix: "metastack-images")
            defer { directory.remove() }
            let path = "\(directory.path)/tiny.raw"
            try file.write(to: URL(fileURLWithPath: path))
            let files = LocalImageFiles(
                directory: "\(directory.path)/scratch", host: HostID(unchecked: "a"),
                curl: try Curl(name: "test"))
            let sum = checksum.map { #", "checksum": "\#($0)""# } ?? ""
            try await TestFleet.run { fleet in
                try await fleet.addTinyFlavourAndImage()
                try await fleet.put(
                    "images/tiny",
                    #"{"name": "tiny", "url": "file://\#(path)", "format": "raw"\#(sum)}"#)
                try await fleet.want("web")
                fleet.start(try fleet.host("a", number: 1), files: files)
                let cluster = try await fleet.until("the image is ready or has failed") {
                    [.ready, .failed].contains($0.actualImages[Self.tiny]?.value.state)
                }
                try await body(fleet, cluster)
            }
        }

        private func expectRefused(
            _ cluster: Cluster, _ fleet: TestFleet, _ message: String
        ) async throws {
            let image = try #require(cluster.actualImages[Self.tiny]?.value)
            #expect(image.state == .failed)
            #expect(image.message == message)
            #expect(!image.retry)
            #expect(await fleet.storage.disks.isEmpty)
            let wanted = try #require(cluster.desiredVMs[web]?.value)
            let reason = "image tiny is not ready: failed, \(message)"
            do throws(VMPlan.Impossible) {
                _ = try VMPlan(web, wanted, in: cluster)
                Issue.record("the VM was not refused")
            } catch {
                #expect(error.description == reason)
            }
            try await fleet.eventually("the node says why web waits") {
                fleet.log.tail.contains("reason=\(reason)")
            }
            #expect(try await fleet.store.load().claim("web") == nil)
        }

        private var bootable: Data {
            var data = Data(count: 1 << 20)
            data[510] = 0x55
            data[511] = 0xaa
            return data
        }

        @Test func anImageThatIsGoodIsStoredWithItsChecksum() async throws {
            try await importing(bootable) { fleet, cluster in
                let image = try #require(cluster.actualImages[Self.tiny]?.value)
                #expect(image.state == .ready, "\(image.message ?? "")")
                #expect(image.checksum != nil)
                try await fleet.until("web runs") { $0.isRunning("web") }
            }
        }

        @Test func aChecksumThatDiffersIsRefusedWithBoth() async throws {
            let wrong = "sha256:" + String(repeating: "0", count: 64)
            // sha256sum of the file that `bootable` makes.
            let right = "e35f60cdb04ae834629f908bf7c3817791155dba12f3dbc522731cb34535449d"
            try await importing(bootable, checksum: wrong) { fleet, cluster in
                try await expectRefused(
                    cluster, fleet,
                    "the file's checksum is sha256:\(right), \(wrong) was given")
            }
        }

        @Test func aFileThatIsNoImageIsRefused() async throws {
            try await importing(Data("<html>not found</html>".utf8)) { fleet, cluster in
                try await expectRefused(
                    cluster, fleet,
                    "the file is no disk image: it is smaller than one sector")
            }
        }

        @Test func anImageWhoseRecordIsMendedIsImportedAtOnce() async throws {
            try await TestFleet.run { fleet in
                fleet.files.calls.fail(.fetch, times: 1, with: TestingError("the server is away"))
                try await fleet.addTinyFlavourAndImage()
                fleet.start(try fleet.host("a", number: 1))
                let failed = try await fleet.until("the image has failed") {
                    $0.actualImages[Self.tiny]?.value.state == .failed
                }
                #expect(failed.actualImages[Self.tiny]?.value.message == "the server is away")
                #expect(failed.actualImages[Self.tiny]?.value.retry == true)
                try await fleet.addTinyFlavourAndImage()
                try await fleet.until("the image is ready", within: .seconds(5)) {
                    $0.actualImages[Self.tiny]?.value.state == .ready
                }
            }
        }

        @Test func anImageGoesWhenTheLastDiskMadeFromItIsGone() async throws {
            try await TestFleet.run { fleet in
                _ = try await fleet.startHosts(2)
                try await fleet.want("web")
                try await fleet.until("web runs") { $0.isRunning("web") }
                try await fleet.delete("images/tiny")
                try await fleet.delete("desired_vms/web")
                try await fleet.until("the image is gone") {
                    $0.actualImages.isEmpty && $0.knowsNothing(of: "web")
                }
                #expect(await fleet.storage.disks.isEmpty)
                let journal = await fleet.storage.journal
                let removed = journal.compactMap { event in
                    if case .removed(let path) = event { path.pool.text } else { nil }
                }
                #expect(removed == ["vms", "images"])
            }
        }
    }
}
