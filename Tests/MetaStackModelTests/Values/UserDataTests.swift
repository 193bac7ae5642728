import MetaStackModel
import Testing

@Suite struct UserDataTests {
    private static let mime = """
        Content-Type: multipart/mixed; boundary="==b=="
        MIME-Version: 1.0

        --==b==
        Content-Type: text/cloud-config

        {}
        --==b==--
        """

    @Test(arguments: [
        "#cloud-config\npackages: [nginx]\n", "#cloud-config\n", "#!/bin/sh\necho * * *\n", mime,
        "#include\nhttps://example.org/x\n", "## template: jinja\n#cloud-config\n{}\n",
        "#cloud-config\nbase: &b {a: 1}\none: *b\ntwo: *b\n",
    ])
    func takesWhatCloudInitTakes(_ text: String) throws {
        #expect(try UserData(text).problem == nil)
        #expect(try UserData(text).text == text)
    }

    @Test(arguments: [
        ("#cloud-config\na: [1\n", "line"), ("#cloud-config\n- a\n", "a cloud-config is a mapping"),
        ("#cloud-config\na: 1\na: 2\n", "stands here more than once"),
        ("#cloud-config\na: *nobody\n", "undefined alias"),
        ("#!/bin/sh", "the script behind #! is missing"),
        (mime.replacing("--==b==--", with: ""), "it does not end"),
        (mime.replacing("--==b==\n", with: ""), "there is no part"),
        (mime.replacing("multipart/mixed", with: "text/plain"), "none of multipart"),
        (mime.replacing("boundary", with: "border"), "names no boundary"),
    ])
    func saysWhyAGuestCouldNotUseIt(_ text: String, _ words: String) throws {
        let problem = try #require(try UserData(text).problem)
        #expect(problem.contains(words), "\(problem)")
    }

    @Test func whatIsTooLargeOrNoneIsRefusedAndNotShown() {
        for text in [
            "hunter2", "", "#cloud-config\n" + String(repeating: "a", count: 64 << 10),
            "#cloud-config\n\0",
        ] {
            do throws(ValidationError) {
                _ = try UserData(text)
                Issue.record("\(text.prefix(20)) was taken")
            } catch {
                #expect(!error.description.contains("hunter2"))
                #expect(error.description.hasPrefix(#"user data "…" cannot be used: it "#))
            }
        }
    }

    /// Thirty lines of it would keep a parser busy for longer than anybody waits.
    @Test func aliasesThatGrowByThePowerAreRefusedUnread() throws {
        var text = "#cloud-config\na0: &a0 [x, x]\n"
        for level in 1...40 {
            text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n"
        }
        text += "? *a40\n: 1\n? *a40\n: 2\n"
        #expect(try UserData(text).problem?.contains("aliases, at most 24") == true)
    }

    @Test func aNetworkConfigIsOfVersion2() throws {
        #expect(try NetworkConfig("version: 2\nethernets: {}\n").problem == nil)
        let cases = [
            ("version: 1\n", "it must say 'version: 2'"), ("", "it must say"),
            ("network:\n  version: 2\n", "leave out 'network:'"), ("- a\n", "is a mapping"),
        ]
        for (text, words) in cases {
            #expect(try NetworkConfig(text).problem?.contains(words) == true, "\(text)")
        }
        #expect(throws: ValidationError.self) {
            try NetworkConfig(String(repeating: "#", count: 20 << 10))
        }
    }

    @Test func aHostNameIsWhatAGuestTakes() throws {
        for text in ["web", "web-1.example.org", "W2"] {
            #expect(try GuestHostName(text).text == text)
        }
        for text in [
            "", "-a", "a-", "a..b", ".a", "a_b", "a b", "é", String(repeating: "a", count: 65),
        ] {
            #expect(throws: ValidationError.self, "\(text)") { try GuestHostName(text) }
        }
        let names = ["web": "web", "web_1.x": "web-1.x", "a_": "a", "1-": "1"]
        for (name, host) in names {
            #expect(GuestHostName(of: try ResourceName(name)).text == host)
        }
    }
}
