import Foundation
import MetaStackModel
import MetaStackStore
import Testing

extension SystemTests {
    /// Images from files and servers, good and bad, and their end.
    @Suite struct Images {
        @Test func aQcow2FileAndARawDownloadBecomeTheSameDisk() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let raw = try await lab.tool("build-image").trimmingCharacters(in: .newlines)
                let folder = try test.folder()
                let qcow2 = folder.appending(path: "guest.qcow2").path
                _ = try await Command([
                    "qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, qcow2,
                ]).run().checked("qemu-img convert")
                try await test.serve(URL(filePath: raw).deletingLastPathComponent()) { server in
                    let url = server + "/" + URL(filePath: raw).lastPathComponent
                    let sum = try await sha256(of: raw)
                    for (name, source) in [(test.name("file"), qcow2), (test.name("web"), url)] {
                        test.delete(image: name)
                        try await lab.succeed("image", "add", name, source, "--wait")
                        let record = try #require(try await lab.image(named: name))
                        let stored = try #require(record.rbdImage)
                        let snapshot = try #require(record.snapshot)
                        let copy = folder.appending(path: name).path
                        try await lab.rbd(
                            "export", "--no-progress", "images/\(stored)@\(snapshot)", copy)
                        #expect(try await sha256(of: copy) == sum)
                        let listed = try await lab.rbd("snap", "ls", "images/\(stored)")
                        #expect(listed.contains("yes"), "the snapshot is protected")
                    }
                }
            }
        }

        @Test func anImageComesByHTTPSFromWhomTheHostsTrustAndFromNobodyElse() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let raw = try await lab.tool("build-image").trimmingCharacters(in: .newlines)
                let certificate = try test.folder().appending(path: "server.pem").path
                _ = try await Command([
                    "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=images", "-addext", "subjectAltName=IP:\(lab.rootAddress)",
                    "-keyout", certificate, "-out", certificate + ".crt",
                ]).run().checked("openssl req")
                var both = try Data(contentsOf: URL(filePath: certificate))
                both += try Data(contentsOf: URL(filePath: certificate + ".crt"))
                try both.write(to: URL(filePath: certificate))
                let folder = URL(filePath: raw).deletingLastPathComponent()
                try await test.serve(folder, certificate: certificate) { server in
                    let url = server + "/" + URL(filePath: raw).lastPathComponent
                    let (stranger, friend) = (test.name("stranger"), test.name("friend"))
                    test.delete(image: stranger)
                    test.delete(image: friend)
                    let refused = try await lab.metastack(
                        "image", "add", stranger, url, "--wait", "--timeout", "20s")
                    #expect(refused.status == 6)
                    #expect(refused.errors.contains("certificate"), "\(refused.errors)")
                    try await test.trust(certificate + ".crt")
                    try await lab.succeed("image", "add", friend, url, "--wait")
                    #expect(try await lab.image(named: friend)?.state == .ready)
                    let listed = try await lab.succeed("image", "list", "-o", "yaml")
                    #expect(listed.contains("\n  name: \(friend)\n"), "\(listed)")
                }
            }
        }

        @Test func aWrongChecksumAndATextFileFailWithASentenceAndLeaveNothing() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let before = try await lab.images(in: "images")
                let folder = try test.folder()
                try Data("<html>not found</html>\n".utf8).write(
                    to: folder.appending(path: "page.qcow2"))
                try await test.serve(folder) { server in
                    let (sum, text) = (test.name("sum"), test.name("text"))
                    let url = server + "/page.qcow2"
                    test.delete(image: sum)
                    test.delete(image: text)
                    let wrong = String(repeating: "0", count: 64)
                    let mismatch = try await lab.metastack(
                        "image", "add", sum, url, "--checksum", wrong, "--wait")
                    #expect(mismatch.status == 1)
                    #expect(mismatch.errors.contains("sha256:\(wrong) was given"))
                    let noImage = try await lab.metastack("image", "add", text, url, "--wait")
                    #expect(noImage.status == 1)
                    #expect(noImage.errors.contains("the file is no disk image"))
                    for name in [sum, text] {
                        let record = try #require(try await lab.image(named: name))
                        #expect(record.state == .failed)
                        #expect(!record.retry)
                        #expect(record.message?.isEmpty == false)
                    }
                }
                #expect(try await lab.images(in: "images") == before)
            }
        }

        @Test func anImageInUseStaysUntilItsLastDiskIsGone() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let raw = try await lab.tool("build-image").trimmingCharacters(in: .newlines)
                let name = test.name("used")
                test.delete(image: name)
                try await lab.succeed("image", "add", name, raw, "--wait")
                let id = try #require(try await lab.imageID(named: name))
                let stored = try #require(try await lab.image(named: name)?.rbdImage)
                let vm = test.guest("user")
                try await test.want(vm, image: name)
                try await eventually("its disk is made") {
                    try await lab.store.load().volumes[vm.id]?.values.first?.value.provisioned
                        ?? false
                }

                let refused = try await lab.metastack("image", "delete", name)
                #expect(refused.status == 4)
                #expect(refused.errors.contains("in use"))
                // Somebody who does not ask cannot hurt the VM either.
                try await lab.etcdctl("del", "/metastack/images/\(id)")
                try await vm.counting()
                #expect(try await lab.images(in: "images").contains(stored))

                try await lab.etcdctl("del", "/metastack/desired_vms/\(vm.id)")
                try await eventually("the image's record is gone") {
                    try await lab.store.load().actualImages[id] == nil
                }
                #expect(try await !lab.images(in: "images").contains(stored))
            }
        }
    }
}

private func sha256(of path: String) async throws -> String {
    String(
        try await Command(["sha256sum", path]).run().checked("sha256sum").prefix(64))
}

extension Lab {
    func imageID(named name: String) async throws -> ImageID? {
        try await store.load().images.first { $0.value.value.name.text == name }?.key
    }

    /// What became of an image.
    func image(named name: String) async throws -> ActualImage? {
        let cluster = try await store.load()
        let id = cluster.images.first { $0.value.value.name.text == name }?.key
        return id.flatMap { cluster.actualImages[$0]?.value }
    }
}
