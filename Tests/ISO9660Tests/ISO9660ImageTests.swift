import Foundation
import ISO9660
import Subprocess
import Testing

/// Read back by programs that know nothing of libisofs's writer: blkid and xorriso.
@Suite struct ISO9660ImageTests {
    private func run(_ program: String, _ words: String...) async throws -> String {
        let result = try await Subprocess.run(
            .name(program), arguments: Arguments(words), output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20))
        try #require(
            result.terminationStatus.isSuccess, "\(program): \(result.standardError)")
        return result.standardOutput
    }

    private func withImage(
        _ files: [String: [UInt8]], _ body: (String, URL) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "metastack-iso-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
        let image = folder.appending(path: "seed.iso")
        let bytes = try ISO9660Image.make(label: "CIDATA", files: files)
        // Disks are padded, and must be read all the same.
        try Data(bytes + [UInt8](repeating: 0, count: 1 << 20)).write(to: image)
        try await body(image.path, folder)
    }

    @Test func isFoundByItsLabelAndGivesEachFileBackByteForByte() async throws {
        let large = (0..<(64 << 10)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let files = [
            "meta-data": Array("instance-id: web-1\n".utf8), "user-data": large,
            "network-config": Array("version: 2\n".utf8), "empty": [],
        ]
        try await withImage(files) { image, folder in
            #expect(
                try await run("blkid", "-o", "value", "-s", "LABEL", image) == "CIDATA\n")
            #expect(
                try await run("blkid", "-o", "value", "-s", "TYPE", image) == "iso9660\n")
            let out = folder.appending(path: "out")
            _ = try await run(
                "xorriso", "-osirrox", "on", "-indev", image, "-extract", "/", out.path)
            let names = try FileManager.default.contentsOfDirectory(atPath: out.path)
            #expect(Set(names) == Set(files.keys))
            for (name, bytes) in files {
                #expect(try Data(contentsOf: out.appending(path: name)) == Data(bytes), "\(name)")
            }
        }
    }

    @Test func manyAreMadeAtOnceAndEachIsItsOwn() async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<50 {
                group.addTask {
                    let text = Array("instance-id: web-\(number)-of-fifty\n".utf8)
                    let bytes = try ISO9660Image.make(label: "CIDATA", files: ["meta-data": text])
                    return Data(bytes).range(of: Data(text)) != nil
                }
            }
            for try await holds in group { #expect(holds) }
        }
    }

    @Test func aNameThatCannotBeIsRefusedWithLibisofssWords() {
        #expect(throws: ISO9660Error.self) {
            try ISO9660Image.make(label: "CIDATA", files: ["a/b": [1]])
        }
    }
}
