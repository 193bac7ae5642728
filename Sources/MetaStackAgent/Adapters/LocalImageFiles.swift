import Crypto
import Curl
import Foundation
import MetaStackModel
import Subprocess

/// Fetches with libcurl, checks with SHA-256, converts with `qemu-img`.
struct LocalImageFiles: ImageFiles {
    /// Where downloads and conversions lie while they are worked on.
    let directory: String
    let host: HostID
    let curl: Curl

    private static let chunk = 1 << 20

    func fetch(
        _ image: Image, as id: ImageID,
        progress: @escaping @Sendable (Int64, Int64?) async -> Void
    ) async throws -> FetchedFile {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        var file: FetchedFile
        switch image.url {
        case .file(let path):
            file = FetchedFile(
                rawPath: path, checksum: try await checksum(of: path, progress), scratch: [])
        case .web(let url):
            let target = "\(directory)/\(id).download"
            file = FetchedFile(
                rawPath: target, checksum: try await download(url, to: target, progress),
                scratch: [target])
        }
        do {
            if let expected = image.checksum, expected != file.checksum {
                throw ImageFileError.checksum(expected: expected, found: file.checksum)
            }
            try await makeRaw(&file, id, declared: image.format)
            return file
        } catch {
            file.discard()
            throw error
        }
    }

    // MARK: Fetching

    private func checksum(
        of path: String, _ progress: @Sendable (Int64, Int64?) async -> Void
    ) async throws -> Checksum {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw ImageFileError.unreadable(
                path: path, host: host, reason: String(cString: strerror(errno)))
        }
        defer { try? handle.close() }  // It was only read.
        let total = Int64(try handle.seekToEnd())
        try handle.seek(toOffset: 0)
        var hash = SHA256()
        var done: Int64 = 0
        while let data = try handle.read(upToCount: Self.chunk), !data.isEmpty {
            try Task.checkCancellation()
            hash.update(data: data)
            done += Int64(data.count)
            await progress(done, total)
        }
        return try Checksum(hash.finalize().hexadecimal)
    }

    private func download(
        _ url: String, to path: String, _ progress: @Sendable (Int64, Int64?) async -> Void
    ) async throws -> Checksum {
        var request = CurlRequest(url)
        request.redirectLimit = 10
        request.requiresSuccess = true
        request.idleTimeout = .seconds(30)
        request.proxy = .environment
        do {
            let stream = try await curl.stream(request)
            guard FileManager.default.createFile(atPath: path, contents: nil),
                let handle = FileHandle(forWritingAtPath: path)
            else {
                throw ImageFileError.unreadable(
                    path: path, host: host, reason: String(cString: strerror(errno)))
            }
            defer { try? handle.close() }  // Each write was checked.
            var hash = SHA256()
            var done: Int64 = 0
            for try await data in stream {
                try handle.write(contentsOf: data)
                hash.update(data: data)
                done += Int64(data.count)
                await progress(done, stream.head.contentLength)
            }
            return try Checksum(hash.finalize().hexadecimal)
        } catch let error as CurlError {
            throw ImageFileError.download(url: url, reason: error.message)
        }
    }

    // MARK: Converting

    /// What `qemu-img info --output=json` says.
    private struct Information: Decodable {
        var format: String
        var backing: String?

        private enum CodingKeys: String, CodingKey {
            case format
            case backing = "backing-filename"
        }
    }

    private func makeRaw(
        _ file: inout FetchedFile, _ id: ImageID, declared: Image.Format?
    ) async throws {
        // A raw disk's first bytes are its guest's: probing alone would let a guest's image claim to
        // be qcow2 and name any file of this host as its backing file.
        if declared == .raw { return try refuseEmpty(file.rawPath) }
        let probe = ["info", "--output=json"] + (declared.map { ["-f", $0.rawValue] } ?? [])
        let answer = try await qemuImg(probe + [file.rawPath])
        let information = try JSONDecoder().decode(Information.self, from: Data(answer.utf8))
        if let backing = information.backing { throw ImageFileError.backingFile(backing) }
        switch information.format {
        case "raw":
            try refuseEmpty(file.rawPath)
        case "qcow2":
            let target = "\(directory)/\(id).raw"
            file.scratch.append(target)
            _ = try await qemuImg([
                "convert", "-f", "qcow2", "-O", "raw", "--", file.rawPath, target,
            ])
            file.rawPath = target
        case let other:
            throw ImageFileError.notAnImage(reason: "its format is \(other), give raw or qcow2")
        }
    }

    /// A disk without a boot sector's signature cannot boot, and is most likely a web page.
    private func refuseEmpty(_ path: String) throws {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw ImageFileError.unreadable(
                path: path, host: host, reason: String(cString: strerror(errno)))
        }
        defer { try? handle.close() }  // It was only read.
        guard let sector = try handle.read(upToCount: 512), sector.count == 512 else {
            throw ImageFileError.notAnImage(reason: "it is smaller than one sector")
        }
        guard sector[510] == 0x55, sector[511] == 0xaa else {
            throw ImageFileError.notAnImage(reason: "its first sector has no boot signature")
        }
    }

    private func qemuImg(_ arguments: [String]) async throws -> String {
        let result = try await Subprocess.run(
            .name("qemu-img"), arguments: Arguments(arguments), output: .string(limit: 1 << 16),
            error: .string(limit: 1 << 16))
        guard result.terminationStatus.isSuccess else {
            let reason = result.standardError.split(separator: "\n").first.map(String.init)
            throw ImageFileError.notAnImage(reason: reason ?? "qemu-img refuses it")
        }
        return result.standardOutput
    }
}

extension SHA256.Digest {
    /// Two digits a byte, in lower case.
    var hexadecimal: String {
        map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
