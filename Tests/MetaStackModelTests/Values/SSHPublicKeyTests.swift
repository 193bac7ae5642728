import MetaStackModel
import Testing

/// A key that ssh-keygen made.
let ed25519 =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHCAjW6hJU2G/wLrud9l4vnrdXTJDh1eov19eEumbDOQ"

@Suite struct SSHPublicKeyTests {
    private func problem(_ text: String) -> String? {
        do throws(ValidationError) {
            _ = try SSHPublicKey.parse(text)
            return nil
        } catch {
            return error.description
        }
    }

    @Test func takesALineOfAPubFileApart() throws {
        let (key, comment) = try SSHPublicKey.parse(ed25519 + "  Alice at work \n")
        #expect(key.description == ed25519)
        #expect(key.type == "ssh-ed25519")
        #expect(key.blob.count == 51)
        #expect(comment == "Alice at work")
        #expect(try SSHPublicKey.parse(ed25519).comment == nil)
        let rsa =
            "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDdtQGY51d9mqHLGCIo2vSUF6qj0vT37C9HzZMKhA/U/K3tQhXBNTxw/vj3MPf52Cpwlbtg1Tdeoetq3EaLMo0BHAb61HO9FrX+rSoB6dfqPf/eVys+g9JJq1SNEWuu1BKW0TB38M5a1H65uu0vDQar49Pkx3JAkjgAbXLC6Apti40iF4NiQ41gf49z9XGSg69LYeiqQ94PnkTZYanBHkir/JPq0Tx83WvEdSKaO3onl2NGsuL3DWUP/8UJDLDsYiOABSdoWxXyqpy3twAFEmEQEsFt+ByUU41yDiqfCjD0G0evMNF3UAM676m0JQfWviM2qOTQo3A56++xWhpBEV1Z"
        #expect(try SSHPublicKey(rsa).description == rsa)
    }

    @Test func saysWhatIsWrongAndNeverShowsAPrivateKey() {
        let cut = String(ed25519.dropLast(2))
        let cases: [(String, String)] = [
            ("", "it is empty"), ("ssh-ed25519", "the key itself is missing"),
            (cut, "was it cut off?"), ("ssh-ed25519 AAAA", "no key of the type ssh-ed25519"),
            (ed25519.replacing("ssh-ed25519 ", with: "ssh-rsa "), "no key of the type ssh-rsa"),
            ("ssh-dss AAAAB3NzaC1kc3M=", "must begin with a type"),
            ("command=\"ls\" " + ed25519, "must begin with a type"),
            (ed25519 + "\n" + ed25519, "must be one line"),
            (ed25519 + "\u{1b}[31m", "without control characters"),
            (ed25519 + String(repeating: "x", count: 9000), "at most 8192"),
        ]
        for (text, words) in cases {
            #expect(
                problem(text)?.contains(words) == true, "\(problem(text) ?? "none") of \(words)")
        }
        let secret = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n"
        #expect(problem(secret)?.contains("it is a private key") == true)
        #expect(problem(secret)?.contains("b3Blb") == false)
    }

    @Test func aRecordTakesTheCommentFromBehindTheKeyWhereItHasNoOther() throws {
        let read = try SSHKey.rewritten(#"{"public_key": "\#(ed25519) alice"}"#)
        #expect(read == ["public_key": .string(ed25519), "comment": .string("alice")])
        let own = try SSHKey.rewritten(#"{"public_key": "\#(ed25519) alice", "comment": "a"}"#)
        #expect(own["comment"] == .string("a"))
        #expect(
            SSHKey.problem(in: #"{"public_key": "\#(ed25519)", "comment": "a\u0007"}"#)?
                .contains("it must be one line") == true)
    }
}
