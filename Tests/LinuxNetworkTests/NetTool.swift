/// A program that has sockets in several network namespaces at once, which no shell command has.
///
/// Written in Python: what it does with raw frames and namespaces takes few lines there, and it runs
/// as another process, so that a thread of the tests never is in a guest's namespace.
enum NetTool {
    static let script = #"""
        import ctypes, errno, json, os, socket, struct, sys, time

        libc = ctypes.CDLL(None, use_errno=True)

        def enter(path):
            fd = os.open(path, os.O_RDONLY)
            if libc.setns(fd, 0x40000000) != 0:
                raise OSError(ctypes.get_errno(), "setns " + path)
            os.close(fd)

        def raw(path, link="eth0"):
            enter(path)
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            s.bind((link, 3))
            # Promiscuous, as a sniffer is.
            s.setsockopt(263, 1, struct.pack("iHH8s", socket.if_nametoindex(link), 1, 0, b""))
            return s

        # Sends frames, then a marker that everybody may see, and says who saw which of the frames.
        def frames(task):
            sniffers = [raw(path) for path in task["sniffers"]]
            sender = raw(task["sender"], task.get("link", "eth0"))
            for text in task["frames"]:
                sender.send(bytes.fromhex(text))
            watched = [bytes.fromhex(text) for text in task["watched"]]
            marker = bytes.fromhex(task["marker"])
            sender.send(marker)
            seen = []
            for sniffer in sniffers:
                found = [0] * len(watched)
                deadline = time.monotonic() + 5
                while True:
                    sniffer.settimeout(max(0.01, deadline - time.monotonic()))
                    try:
                        frame = sniffer.recv(65535)
                    except TimeoutError:
                        raise SystemExit("the marker never came")
                    if frame == marker:
                        break
                    for index, one in enumerate(watched):
                        # Short frames are filled up.
                        if frame == one or frame.rstrip(b"\0") == one.rstrip(b"\0"):
                            found[index] += 1
                seen.append([index for index, count in enumerate(found) if count])
            return seen

        def family(address):
            return socket.AF_INET6 if ":" in address else socket.AF_INET

        # Where the server is: at the client's address for it, unless somebody translates.
        def serve(task, kind):
            enter(task["server"])
            own = task.get("bind") or task["address"]
            server = socket.socket(family(own), kind)
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind((own, task["port"]))
            return server

        def asking(task, kind):
            enter(task["client"])
            client = socket.socket(family(task["address"]), kind)
            client.settimeout(task["patience"])
            if task.get("source"):
                client.bind((task["source"], 0))
            return client

        # A TCP connection from a client to a server; held until a file says go on. Asked to, it says
        # who the server sees.
        def connect(task):
            server = serve(task, socket.SOCK_STREAM)
            server.listen(8)
            client = asking(task, socket.SOCK_STREAM)
            try:
                client.connect((task["address"], task["port"]))
            except OSError:
                return "refused"
            server.settimeout(5)
            peer, name = server.accept()
            if task.get("opened"):
                open(task["opened"], "w").close()
                while not os.path.exists(task["goOn"]):
                    time.sleep(0.005)
            # The server first: what it sends is let in because the client has asked, and not the reverse.
            for one, other in ((peer, client), (client, peer)):
                other.settimeout(5)
                one.sendall(b"x" * 4000)
                count = 0
                while count < 4000:
                    try:
                        count += len(other.recv(4000))
                    except OSError:
                        return "broken"
            return "open from " + name[0] if task.get("tells") else "open"

        def place(address, port):
            if address.startswith("fe80"):
                return (address, port, 0, socket.if_nametoindex("eth0"))
            return (address, port)

        def opened(task, source=None):
            deadline = time.monotonic() + 5
            while True:
                s = socket.socket(family(task["address"]), socket.SOCK_STREAM)
                s.settimeout(task["patience"])
                try:
                    if source:
                        s.bind(place(source, 0))
                    s.connect(place(task["address"], 80))
                    return s
                except OSError as error:
                    # The guest's own address is tentative still.
                    if error.errno != errno.EADDRNOTAVAIL or time.monotonic() > deadline:
                        raise
                    time.sleep(0.05)

        def whole(s):
            data = b""
            while True:
                piece = s.recv(65536)
                if not piece:
                    return data.decode()
                data += piece

        # What a server answers to an HTTP request; "none" where it answers nothing.
        def ask(task):
            enter(task["client"])
            try:
                s = opened(task, task.get("source"))
                s.sendall(task["request"].encode())
                return whole(s) or "closed"
            except OSError:
                return "none"

        # Connections that ask nothing, and what another client is told meanwhile; then how each one ended.
        def hoard(task):
            enter(task["client"])
            held = [opened(task) for _ in range(task["count"])]
            enter(task["other"])
            try:
                s = opened(task)
                s.sendall(task["request"].encode())
                answer = whole(s)
            except OSError:
                answer = "none"
            ends = []
            for s in held:
                try:
                    ends.append("closed" if s.recv(10) == b"" else "answered")
                except TimeoutError:
                    ends.append("open")
                except OSError:
                    ends.append("closed")
            return {"answer": answer, "ends": ends}

        # A question in bytes, one every tenth of a second, and how many of them went before its end.
        def drip(task):
            enter(task["client"])
            s = opened(task)
            s.settimeout(0.1)
            for count, byte in enumerate(task["request"].encode()):
                try:
                    s.sendall(bytes([byte]))
                    if s.recv(100) == b"":
                        return count + 1
                except TimeoutError:
                    pass
                except OSError:
                    return count
            return len(task["request"])

        # How much of an answer comes to one that has little room for it and reads nothing for so long.
        def deaf(task):
            enter(task["client"])
            s = socket.socket(family(task["address"]), socket.SOCK_STREAM)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            s.settimeout(5)
            s.connect(place(task["address"], 80))
            s.sendall(task["request"].encode())
            time.sleep(task["patience"])
            count = 0
            try:
                while True:
                    more = len(s.recv(65536))
                    if not more:
                        return count
                    count += more
            except OSError:
                return count

        # How many of so many questions are answered before one is not.
        def flood(task):
            enter(task["client"])
            for count in range(task["count"]):
                try:
                    s = opened(task)
                    s.sendall(task["request"].encode())
                    whole(s)
                    s.close()
                except OSError:
                    return count
            return task["count"]

        # One datagram, and whether it came.
        def datagram(task):
            server = serve(task, socket.SOCK_DGRAM)
            server.settimeout(task["patience"])
            client = asking(task, socket.SOCK_DGRAM)
            client.sendto(b"hello", (task["address"], task["port"]))
            try:
                return "open" if server.recv(100) == b"hello" else "broken"
            except OSError:
                return "refused"

        # As many datagrams as go for some seconds, and how many of their bytes came.
        def pour(task):
            enter(task["server"])
            server = socket.socket(family(task["address"]), socket.SOCK_DGRAM)
            server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            server.bind((task["address"], task["port"]))
            server.setblocking(False)
            enter(task["client"])
            client = socket.socket(family(task["address"]), socket.SOCK_DGRAM)
            client.connect((task["address"], task["port"]))
            count, end = 0, time.monotonic() + task["seconds"]
            while time.monotonic() < end:
                try:
                    client.send(b"x" * 1200)
                except OSError:
                    pass
                try:
                    while True:
                        count += len(server.recv(2000))
                except BlockingIOError:
                    pass
            return count

        # A router advertisement for one who asks for it.
        def advertisement(task):
            enter(task["client"])
            s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58)
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
            index = socket.if_nametoindex("eth0")
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
            s.settimeout(0.5)
            deadline = time.monotonic() + task["patience"]
            while time.monotonic() < deadline:
                try:
                    s.sendto(b"\x85\0\0\0\0\0\0\0", ("ff02::2", 0, 0, index))
                    while True:
                        data, source = s.recvfrom(2000)
                        if data[0] == 134:
                            return options(data, source[0].split("%")[0])
                except TimeoutError:
                    pass
                except OSError:
                    time.sleep(0.05)  # The guest's own address is tentative still.
            return None

        def options(data, source):
            found = {"from": source, "flags": data[5], "lifetime": struct.unpack("!H", data[6:8])[0],
                     "prefixes": [], "dns": [], "mtu": 0}
            at = 16
            while at + 2 <= len(data):
                kind, length = data[at], data[at + 1] * 8
                body = data[at:at + length]
                if kind == 3:
                    address = socket.inet_ntop(socket.AF_INET6, body[16:32])
                    found["prefixes"].append("%s/%d" % (address, body[2]))
                if kind == 5:
                    found["mtu"] = struct.unpack("!I", body[4:8])[0]
                if kind == 25:
                    for i in range(8, length, 16):
                        found["dns"].append(socket.inet_ntop(socket.AF_INET6, body[i:i + 16]))
                at += length
            return found

        # As soon as the guest's own address is not tentative any more.
        def send(s, packet, target):
            deadline = time.monotonic() + 5
            while True:
                try:
                    return s.sendto(packet, target)
                except OSError as error:
                    if error.errno != errno.EADDRNOTAVAIL or time.monotonic() > deadline:
                        raise
                    time.sleep(0.05)

        # DHCPv6 (RFC 8415): solicit, request, and the addresses of the reply.
        def dhcpv6(task):
            enter(task["client"])
            s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            s.bind(("::", 546))
            index = socket.if_nametoindex("eth0")
            s.settimeout(0.5)
            mac = bytes.fromhex(task["mac"].replace(":", ""))
            own = option(1, b"\0\3\0\1" + mac)
            association = option(3, b"\0\0\0\1" + b"\0" * 8)
            deadline = time.monotonic() + task["patience"]
            kind, server = 1, b""
            while time.monotonic() < deadline:
                packet = bytes([kind]) + b"abc" + own + server + association + option(8, b"\0\0")
                send(s, packet, ("ff02::1:2", 547, 0, index))
                try:
                    data, _ = s.recvfrom(2000)
                except TimeoutError:
                    continue
                found = dict(parse(data[4:]))
                if data[0] == 2:
                    kind, server = 3, option(2, found[2])
                elif data[0] == 7:
                    inner = parse(found.get(3, b"\0" * 12)[12:])
                    return [socket.inet_ntop(socket.AF_INET6, b[:16]) for k, b in inner if k == 5]
            return None

        def option(code, body):
            return struct.pack("!HH", code, len(body)) + body

        def parse(data):
            found, at = [], 0
            while at + 4 <= len(data):
                code, length = struct.unpack("!HH", data[at:at + 4])
                found.append((code, data[at + 4:at + 4 + length]))
                at += 4 + length
            return found

        # A question to a name server: the addresses of the answer.
        def resolve(task):
            enter(task["client"])
            kind = {"A": 1, "AAAA": 28}[task["kind"]]
            name = b"".join(bytes([len(p)]) + p.encode() for p in task["name"].split("."))
            question = b"ab\1\0\0\1\0\0\0\0\0\0" + name + b"\0" + struct.pack("!HH", kind, 1)
            s = socket.socket(family(task["address"]), socket.SOCK_DGRAM)
            s.settimeout(task["patience"])
            target = (task["address"], 53)
            if ":" in task["address"]:
                target += (0, socket.if_nametoindex("eth0"))
            send(s, question, target)
            try:
                data = s.recv(2000)
            except OSError:
                return None
            count = struct.unpack("!H", data[6:8])[0]
            at, found = len(question), []
            for _ in range(count):
                at += 2
                k, _, _, length = struct.unpack("!HHIH", data[at:at + 10])
                body = data[at + 10:at + 10 + length]
                if k == kind:
                    found.append(socket.inet_ntop(socket.AF_INET if k == 1 else socket.AF_INET6, body))
                at += 10 + length
            return found

        task = json.load(sys.stdin)
        print(json.dumps(globals()[task["do"]](task)))
        """#
}
