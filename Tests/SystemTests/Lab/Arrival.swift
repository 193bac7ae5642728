import Foundation
import MetaStackModel

/// What is seen at the host that a guest moves to: when it goes on there, and when it first answers.
struct Arrival: Decodable {
    /// Seconds since 1970, as libvirt tells of it; nil where it did not.
    var resumed: Double?
    /// When the guest's first answer was on its tap; nil where none was.
    var answered: Double?

    /// In seconds; nil where it did not come, or did not answer.
    var silence: Double? { resumed.flatMap { resumed in answered.map { $0 - resumed } } }

    /// Waits on a host for a guest that others knock at, see ``knock``.
    ///
    /// - Parameter ready: a file that is made once nothing can be missed any more.
    static func wait(
        for vm: Guest, _ nic: ActualNIC, on host: HostID, of lab: Lab, ready: String
    ) async throws -> Arrival {
        let words = [
            "python3", "-c", watch, vm.domain, nic.interface?.text ?? "", "\(nic.mac)", ready,
        ]
        let text = try await lab.execute(host, words, timeout: .seconds(120)).checked("python3")
        return try JSONDecoder().decode(Arrival.self, from: Data(text.utf8))
    }

    /// Where nobody listens, so that the kernel itself says no.
    static let port = 7

    /// For a guest: asks another one every 20 ms for a connection, each time anew, for two minutes.
    static let knock = """
        import socket, sys, time
        end = time.monotonic() + 120
        while time.monotonic() < end:
            s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
            s.setblocking(False)
            try:
                s.connect((sys.argv[1], \(port)))
            except OSError:
                pass
            time.sleep(0.02)
            s.close()
        """

    /// On the tap of a guest that is not here yet nothing is from it before it goes on.
    private static let watch = """
        import json, os, select, socket, subprocess, sys, time
        domain, tap, mac, ready = sys.argv[1:]
        mac = bytes.fromhex(mac.replace(":", ""))
        events = subprocess.Popen(
            ["stdbuf", "-oL", "virsh", "event", "--event", "lifecycle", "--loop"],
            stdout=subprocess.PIPE)
        frames = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        seen = {}
        def hear(wait):
            if select.select([events.stdout], [], [], wait)[0]:
                now = time.time()
                for line in os.read(events.stdout.fileno(), 65536).decode().splitlines():
                    if domain in line and "Resumed" in line:
                        seen.setdefault("resumed", now)
        open(ready, "w").close()
        end = time.time() + 100
        bound = False
        while not bound and time.time() < end:
            try:
                frames.bind((tap, 3))
                bound = True
            except OSError:
                hear(0.002)
        frames.settimeout(0.002)
        while len(seen) < 2 and time.time() < end:
            try:
                frame = frames.recv(200)
                # TCP over IPv6 with RST set, from the port that is knocked at.
                if (frame[6:14] == mac + b"\\x86\\xdd" and frame[20] == 6 and frame[67] & 4
                        and int.from_bytes(frame[54:56], "big") == \(port)):
                    seen.setdefault("answered", time.time())
            except TimeoutError:
                pass
            hear(0)
        events.terminate()
        print(json.dumps(seen))
        """
}
