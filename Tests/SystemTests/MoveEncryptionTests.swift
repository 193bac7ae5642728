import Foundation
import MetaStackModel
import Testing

extension SystemTests {
    /// What somebody in the hosts' network reads of a guest that moves. The lab moves guests by TLS.
    @Suite struct MoveEncryption {
        @Test func aGuestsMemoryIsNotReadOnItsWay() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let vm = try await test.start("secret")
                let source = try await vm.counting(past: 2).value.host
                let target = try #require(Lab.hosts.first { $0 != source })
                let ready = "/run/listener.\(vm.id)"

                async let heard = lab.execute(
                    source, ["/usr/bin/python3", "-c", Self.listener, ready])
                try await eventually("somebody listens") {
                    try await lab.execute(source, "test", "-e", ready).status == 0
                }
                try await lab.succeed(
                    "vm", "move", vm.id.text, "--to", target.text, "--wait", "--timeout", "60")
                let words = try await heard.checked("listening").split(separator: " ")
                try #require(words.count == 2)
                // The guest has more than that in its memory, and its boot script among it.
                #expect(try #require(Int(words[0])) > 1 << 20, "bytes of its memory")
                #expect(words[1].trimmingCharacters(in: .newlines) == "0", "times it was read")
                try await vm.countsOnce()
            }
        }

        /// Prints the bytes that pass between the ports of moves, and how often the guest's own words
        /// are in them; ends when they have been silent for two seconds.
        private static let listener = """
            import pathlib, socket, sys, time
            PORTS = range(49152, 49216)
            everything = socket.htons(3)  # ETH_P_ALL
            ear = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, everything)
            ear.setsockopt(socket.SOL_SOCKET, 33, 256 << 20)  # SO_RCVBUFFORCE
            pathlib.Path(sys.argv[1]).touch()
            size = found = 0
            end = time.monotonic() + 50
            while time.monotonic() < end:
                packet = ear.recv(1 << 17)
                if packet[0] >> 4 != 4 or packet[9] != 6:
                    continue
                start = (packet[0] & 15) * 4
                ports = [int.from_bytes(packet[start + at:start + at + 2], "big") for at in (0, 2)]
                if ports[0] in PORTS or ports[1] in PORTS:
                    end = time.monotonic() + 2
                    size += len(packet)
                    found += packet.count(b"metastack-guest")
            print(size, found)
            """
    }
}
