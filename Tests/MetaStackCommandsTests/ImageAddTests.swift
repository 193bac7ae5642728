import Foundation
import MetaStackModel
import Testing

@testable import MetaStackCommands
@testable import MetaStackManagement

@Suite struct ImageAddTests {
    /// Runs with a folder that is gone afterwards.
    private func withFolder(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "metastack-image-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }  // Nothing depends on it.
        try await body(folder)
    }

    @Test func storesAFilesPathChecksumAndFormat() async throws {
        try await withFolder { folder in
            let file = folder.appending(path: "a.img")
            try Data("abc".utf8).write(to: file)
            let access = FakeAccess(.ready)
            _ = try await run(
                "image", "add", "mine", folder.path + "/x/../a.img", on: access)
            let image = try #require(access.cluster.images[ImageID(unchecked: "new-id")]?.value)
            #expect(image.url == .file(path: file.standardizedFileURL.path))
            #expect(image.format == .raw)
            // FIPS 180-2, appendix B.1.
            #expect(
                image.checksum?.digits
                    == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        }
    }

    @Test func knowsQcow2ByItsMagicAndHashesAcrossChunks() async throws {
        try await withFolder { folder in
            let file = folder.appending(path: "a")
            try (Data([0x51, 0x46, 0x49, 0xfb]) + Data(count: 3 << 20)).write(to: file)
            let image = try LocalImageFile(file.path)
            #expect(image.format == .qcow2)
            try (Data([0x51, 0x46, 0x49, 0xfb]) + Data(count: 3 << 20 - 1) + Data([1])).write(
                to: file)
            #expect(try LocalImageFile(file.path).checksum != image.checksum)
        }
    }

    @Test func storesAURLAsItIs() async throws {
        let access = FakeAccess(.ready)
        _ = try await run("image", "add", "mine", "https://example.org/x.qcow2", on: access)
        let image = access.cluster.images[ImageID(unchecked: "new-id")]?.value
        #expect(image?.url.description == "https://example.org/x.qcow2")
        #expect(image?.format == nil)
        #expect(image?.checksum == nil)
    }

    @Test func refusesWhatIsNoImage() async throws {
        try await withFolder { folder in
            let empty = folder.appending(path: "empty")
            try Data().write(to: empty)
            let raw = folder.appending(path: "raw")
            try Data("abc".utf8).write(to: raw)
            let sum = "sha256:" + String(repeating: "0", count: 64)
            let refused: [([String], CommandStatus, String)] = [
                ([folder.path + "/none"], CommandStatus.notFound, "there is no file"),
                ([folder.path], CommandStatus.usage, "is a folder"),
                ([empty.path], CommandStatus.usage, "is empty"),
                (["ftp://a/b"], CommandStatus.usage, "must begin with https://"),
                ([raw.path, "--format", "qcow2"], CommandStatus.failed, "is no qcow2 image"),
                ([raw.path, "--checksum", sum], CommandStatus.failed, "has the checksum"),
            ]
            for (arguments, status, words) in refused {
                let access = FakeAccess(.ready)
                let report = await failure(["image", "add", "mine"] + arguments, on: access)
                #expect(report?.status == status)
                #expect(report?.errors.contains(words) == true, "\(report?.errors ?? "")")
                #expect(access.writeCount == 0)
            }
        }
    }
}
