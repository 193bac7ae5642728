"""etcd as the checker sees it: the JSON gateway of its members, read straight, and a watch."""

import base64
import http.client
import json
import threading
import time

PREFIX = "/metastack/"

#: Seconds for an answer, and of silence on a watch before another member is asked.
ANSWER_LIMIT = 5
SILENCE_LIMIT = 8
PAUSE = 0.2


class GatewayError(Exception):
    """No member answered, or the answer was a refusal."""


def encode(text):
    """A key as the gateway wants it."""
    return base64.b64encode(text.encode()).decode()


def decode(text):
    """A key or value as text."""
    return base64.b64decode(text or "").decode(errors="replace")


def ask_member(address, path, question, limit=ANSWER_LIMIT):
    """One question to one member."""
    connection = http.client.HTTPConnection(address, 2379, timeout=limit)
    try:
        connection.request("POST", path, json.dumps(question))
        answer = json.loads(connection.getresponse().read())
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise GatewayError(f"etcd at {address}: {error!r}") from error
    finally:
        connection.close()
    if "error" in answer:
        raise GatewayError(f"etcd at {address}: {answer['error']}")
    return answer


class Gateway:
    """All members; the first that answers is good enough."""

    def __init__(self, lab):
        self.members = lab.machines("etcd")

    def ask(self, path, question):
        """Asks one member after the other."""
        complaint = None
        for member in self.members:
            try:
                return ask_member(member.address, path, question)
            except GatewayError as error:
                complaint = error
        raise complaint

    def records(self, folder=""):
        """All records below a folder: key without the prefix → value. And the revision."""
        first = PREFIX + folder
        last = first[:-1] + chr(ord(first[-1]) + 1)
        answer = self.ask("/v3/kv/range", {"key": encode(first), "range_end": encode(last)})
        found = {}
        for pair in answer.get("kvs", []):
            key = decode(pair["key"]).removeprefix(PREFIX)
            found[key] = parse(decode(pair.get("value")))
        return found, int(answer["header"]["revision"])

    def compact(self):
        """Forgets all history, and gives the space back on every member that lives."""
        _, revision = self.records("none/")
        self.ask("/v3/kv/compaction", {"revision": revision, "physical": True})
        for member in self.members:
            try:
                ask_member(member.address, "/v3/maintenance/defragment", {}, limit=20)
            except GatewayError:
                continue  # A member that is down has nothing to give back.

    def leader(self):
        """The member that leads, or None where there is none."""
        for member in self.members:
            try:
                answer = ask_member(member.address, "/v3/maintenance/status", {}, limit=1)
            except GatewayError:
                continue
            if answer.get("leader") == answer["header"].get("member_id"):
                return member
        return None


def parse(text):
    """A record's fields; empty for one that is no JSON object."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


class Watch(threading.Thread):
    """Follows all records, over the death of members and compaction.

    on_change(key, value or None, is_new, seen): called on this thread. What was compacted away
    before it was seen is listed, and told as what changed since.
    """

    def __init__(self, lab, on_change):
        super().__init__(daemon=True)
        self.gateway = Gateway(lab)
        self.on_change = on_change
        self.known = {}
        self.next = 0
        self.ended = threading.Event()

    def run(self):
        """Goes from member to member until it is ended."""
        turn = 0
        while not self.ended.is_set():
            member = self.gateway.members[turn % len(self.gateway.members)]
            turn += 1
            try:
                if self.next == 0:
                    self.list()
                self.follow(member)
            except (GatewayError, OSError, ValueError, http.client.HTTPException):
                self.ended.wait(PAUSE)

    def list(self):
        """Tells what differs from what was known."""
        found, revision = self.gateway.records()
        now = time.monotonic()
        for key in [each for each in self.known if each not in found]:
            self.tell(key, None, False, now)
        for key, value in found.items():
            if self.known.get(key) != value:
                self.tell(key, value, key not in self.known, now)
        self.next = revision + 1

    def tell(self, key, value, is_new, seen):
        """Keeps a change in mind and passes it on."""
        if value is None:
            self.known.pop(key, None)
        else:
            self.known[key] = value
        self.on_change(key, value, is_new, seen)

    def follow(self, member):
        """One watch on one member, to its end."""
        last = PREFIX[:-1] + chr(ord("/") + 1)
        start = {"key": encode(PREFIX), "range_end": encode(last), "start_revision": self.next}
        connection = http.client.HTTPConnection(member.address, 2379, timeout=SILENCE_LIMIT)
        try:
            connection.request("POST", "/v3/watch", json.dumps({"create_request": start}))
            answer = connection.getresponse()
            while not self.ended.is_set() and (line := answer.readline()):
                result = json.loads(line).get("result", {})
                if result.get("canceled"):
                    self.next = 0  # Compacted: list again.
                    return
                for event in result.get("events", []):
                    self.take(event)
        finally:
            connection.close()

    def take(self, event):
        """One event."""
        pair, now = event["kv"], time.monotonic()
        key = decode(pair["key"]).removeprefix(PREFIX)
        revision = int(pair["mod_revision"])
        self.next = max(self.next, revision)
        gone = event.get("type") == "DELETE"
        value = None if gone else parse(decode(pair.get("value")))
        is_new = not gone and int(pair["create_revision"]) == revision
        # An event can come twice, since a watch begins again with the revision that it saw last.
        if value != self.known.get(key):
            self.tell(key, value, is_new, now)
