#!/usr/bin/env python3
"""Verifies evidence packs and inclusion proofs of Indelible trails; written from docs/formats.
A line of JSON for each file. Exit status: 0 all hold, 2 a wrong call, 3 one is refused."""
import argparse, base64, bisect, datetime, decimal, functools, hashlib, ipaddress, json, re, sys
class Refused(Exception): pass
def need(holds, reason, problem):
    if not holds: raise Refused({"reason": reason, "problem": problem})
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
def add(p, q):
    (a, b), (c, d), t = p, q, D * p[0] * p[1] * q[0] * q[1]
    return ((a * d + b * c) * pow(1 + t, -1, P) % P, (b * d + a * c) * pow(1 - t, -1, P) % P)
def mul(s, p): return add(mul(s - 1, p), p) if s & 1 else mul(s >> 1, add(p, p)) if s else (0, 1)
def point(octets):  # of large order, or none
    y, sign = int.from_bytes(octets, "little") & (1 << 255) - 1, octets[31] >> 7
    x = pow(xx := (y * y - 1) * pow(D * y * y + 1, -1, P) % P, (P + 3) // 8, P)
    x = x if x * x % P == xx else x * pow(2, (P - 1) // 4, P) % P
    x = P - x if x & 1 != sign else x
    return (x, y) if y < P > x and x * x % P == xx and mul(8, (x, y)) != (0, 1) else None
BASE = point(b"\x58" + b"\x66" * 31)
def has_signed(public, message, signature):  # Ed25519 (RFC 8032): one spelling, no cofactor
    s, a = int.from_bytes(signature[32:], "little"), point(public)
    r = point(signature[:32]) if len(signature) == 64 and s < L else None
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    return bool(a and r) and mul(s, BASE) == add(r, mul(k, a))
def sha(*octets): return hashlib.sha256(b"".join(octets)).digest()
def attempt(function, *given, **how):
    try: return function(*given, **how)
    except (ArithmeticError, RecursionError, TypeError, ValueError): return None
def unbase(text):  # the bytes of canonical base64, none of anything else
    octets = attempt(base64.b64decode, text, validate=True) or b""
    return octets * (base64.b64encode(octets).decode() == text)
class Token(str): pass  # a number, or what is none of JSON, as it stands
def es6(token):  # RFC 8785 3.2.2.3; an integer is exact, and of 64 bits
    if re.fullmatch("-?[0-9]+", token): return str(int(token)) * (-2**63 <= int(token) < 2**64)
    if (x := float(token)) and not 1e-6 <= abs(x) < 1e21: return repr(x).replace("e-0", "e-")
    return format(decimal.Decimal(repr(x)).normalize(), "f")
def spelt(v, depth):  # skeleton.md: the one spelling
    good = depth > 0 if type(v) in (dict, list) else type(v) is not str or "\0" not in v
    need(good, "malformed", "it is nested too deep, or holds U+0000")
    if type(v) is list: return "[" + ",".join(spelt(item, depth - 1) for item in v) + "]"
    if type(v) is not dict: return es6(v) if type(v) is Token else json.dumps(v, ensure_ascii=False)
    names = sorted(v, key=lambda name: name.encode("utf-16-be"))
    return "{" + ",".join(spelt(name, 0) + ":" + spelt(v[name], depth - 1) for name in names) + "}"
def canonical(octets, depth=8, integer=int):  # an object in its one spelling
    value = attempt(lambda: json.loads(
        octets.decode(), parse_int=integer, parse_float=Token, parse_constant=Token))
    good = type(value) is dict and attempt(lambda: spelt(value, depth).encode()) == octets
    need(good, "malformed", "no JSON as it is written here")
    return value
def fits(value, form):  # a predicate, a pattern, [each], [each, not empty] or members
    if callable(form): return form(value)
    if type(form) is str: return type(value) is str and bool(re.fullmatch(form, value, re.S))
    if type(form) is list:
        is_long = type(value) is list and len(value) >= len(form) - 1
        return is_long and all(fits(item, form[0]) for item in value)
    names = {name.rstrip("?"): name for name in form}
    return type(value) is dict and set(value) <= set(names) and all(
        fits(value[name], form[full]) if name in value else full != name
        for name, full in names.items())
def is_set(v, form): return fits(v, [form]) and v == sorted(set(v))
def number(v, limit=2**63): return type(v) is int and 0 <= v < limit
def u64(v): return number(v, 2**64)
def hashes(v): return fits(v, [HASH]) and len(v) <= 63
def time(v):
    t = type(v) is str and re.fullmatch(TIME, v)  # the year 0 leaps as 2000 does
    return bool(t and attempt(datetime.datetime, int(t[1]) or 2000, *map(int, t.groups()[1:])))
TEXT, TRAIL, NAME = ".*", "[a-z0-9][a-z0-9._-]{0,62}", r"[^\s+\0-\x1f\x7f-\x9f]+"
TIME = "([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})[.][0-9]{6}Z"
PARTS, PART, SOME = ("actor", "details", "target"), "actor|details|target", [TEXT, 1]
SUMS, HASH = ("entries", "erased", "opened", "withheld"), "[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]="
HEX, OUTCOME = "[0-9a-f]{32}", "attempted|succeeded|failed|denied|completed"
ORIGIN, BASE64 = f"([^/]*/{TRAIL})(/([2-9]|[1-9][0-9]{{1,9}}))?", "[A-Za-z0-9+/]+={0,2}"
NOTE = (f"(([^\\0-\x1f]+)\n(0|[1-9][0-9]{{0,19}})\n({HASH})\n)\n"
        f"((?:\u2014 {NAME} {BASE64}\n){{1,100}})")
PROOF = (f"c2sp.org/tlog-proof@v1\nextra ({BASE64})\nindex (0|[1-9][0-9]{{0,19}})\n"
         f"((?:{HASH}\n){{0,63}})\n((?:.|\n)+)")
NEEDS = {"user_id": "actor", "ip_address": "actor", "resource_id": "target",
         "correlation_id": "details", "context": "details"}
OPEN, BLOCK = {"body": TEXT, "salt": HEX}, {"first": HEX, "last": HEX}
ERASURE = {"first": u64, "last": u64, "parts": lambda v: is_set(v, PART)}
SHOWN = {part + "?": lambda v: v in ("erased", "withheld") or fits(v, OPEN) for part in PARTS}
SKELETON = {
    "v": lambda v: number(v) and v == 1, "trail": TRAIL, "action": TEXT, "resource_type": TEXT,
    "tags": lambda v: is_set(v, TEXT), "occurred_at": time, "created_at": time, "outcome": OUTCOME,
    "id": "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", **{p + "?": "[0-9a-f]{64}" for p in PARTS},
    "erases?": [lambda e: fits(e, ERASURE) and e["first"] <= e["last"], 1]}
QUESTION = {"action?": SOME, "outcome?": OUTCOME, "resource_type?": TEXT, "tag?": SOME,
    "start_date?": time, "end_date?": time, "user_id?": lambda v: v is None or fits(v, SOME),
    "resource_id?": SOME, "correlation_id?": SOME, "context?": [{"path": SOME, "values": SOME}, 1],
    "ip_address?": lambda v: fits(v, {"text": TEXT}) or fits(v, BLOCK)}
MANIFEST = {"format": TEXT, "trail": TRAIL, "origin": TEXT, "question": QUESTION, "proved": [TEXT],
    "not_proved": [TEXT], "created": time, "asked_by?": TEXT, "software": TEXT,
    "range": lambda v: fits(v, {"first": number, "size": number}) and v["first"] <= v["size"] > 0,
    "coverage": "complete|selection", "without": ERASURE["parts"]}
ENTRY = {"seq": number, "skeleton": TEXT, "parts?": SHOWN, "path?": hashes}
CLAIM = {"skeleton": TEXT, "parts?": {part + "?": OPEN for part in PARTS}}
TRAILER = {"trailer": {**dict.fromkeys(SUMS, number), "sha256": "[0-9a-f]{64}"}}
def read_skeleton(text):  # and its leaf
    s = canonical(text.encode())
    need(fits(s, SKELETON) and len(text.encode()) < 65535, "malformed", "a skeleton is none")
    return s, sha(b"\0", text.encode())
def vkey(name, public):
    id, key = sha(name.encode(), b"\n\x01", public)[:4].hex(), base64.b64encode(b"\1" + public)
    return f"{name}+{id}+{key.decode()}"
def read_key(text):
    name, public = text.split("+")[0], unbase(text.split("+", 2)[-1])[1:]
    if fits(name, NAME) and len(public) == 32 and vkey(name, public) == text and point(public):
        return name, public
    raise ValueError
def keys_for(origin, keys):
    def trail(name): return (re.fullmatch(ORIGIN, name) or {1: name})[1]
    found = {vkey(origin, key): key for name, key in keys if trail(name) == trail(origin)}
    need(found, "wrong-trail", f"no key at hand is for {origin}")
    return found | {vkey(*key): key[1] for key in keys if trail(key[0]) != trail(origin)}
def read_note(text):  # the signed text, its origin, size and root, and the signature lines
    note = re.fullmatch(NOTE, text) or {2: "", 3: 2**64, 5: ""}
    signatures = [(name, unbase(code)) for _, name, code in map(str.split, note[5].splitlines())]
    good = u64(int(note[3])) and max(map(len, text.encode().split(b"\n"))) <= 65536 and all(
        len(name.encode()) <= 255 and len(octets) > 4 for name, octets in signatures)
    need(good and len(text.encode()) <= 10**6, "malformed", "a checkpoint is ill-formed")
    return note[1], note[2], int(note[3]), unbase(note[4]), signatures
def signers(text, origin, signatures, known):
    found = [(key, has_signed(known[key], text.encode(), octets[4:])) for name, octets in signatures
             for key in known if key.startswith(f"{name}+{octets[:4].hex()}+")]
    need(all(good for _, good in found), "signature", "a signature is bad")
    need(any(key.startswith(f"{origin}+") for key, _ in found), "wrong-key", "none has signed")
    return list(dict(found))
def node(left, right): return sha(b"\1", left, right)
def climb(old, new, fn, sn, path):  # RFC 9162 2.1.3.2, 2.1.4.2: to the roots, old and new
    for p in path:
        if sn == 0: return None
        if fn & 1 or fn == sn:
            old, new = node(p, old), node(p, new)
            while fn and not fn & 1: fn, sn = fn >> 1, sn >> 1
        else: new = node(new, p)
        fn, sn = fn >> 1, sn >> 1
    return (old, new) if sn == 0 else None
def is_included(hash, index, size, path, root):
    return index < size and (climb(hash, hash, index, size - 1, path) or [0, 0])[1] == root
def is_consistent(first, old, size, new, proof):
    if first == size: return not proof and old == new
    proof, fn, sn = [old] * (first & (first - 1) == 0) + proof, first - 1, size - 1
    while fn & 1: fn, sn = fn >> 1, sn >> 1
    return bool(proof) and climb(proof[0], proof[0], fn, sn, proof[1:]) == (old, new)
def root_of(front): return functools.reduce(lambda right, left: node(left, right), front[::-1])
def part_hash(part, shown):
    salt = bytes.fromhex(shown["salt"])
    return sha(f"indelible/{part}/v1\n".encode(), salt, shown["body"].encode()).hex()
def body_of(text):
    body = canonical(text.encode(), 66, Token)
    good = all(type(v) is str for name, v in body.items() if name not in ("context", "notes"))
    need(good, "malformed", "a member of a part is no text")
    return body
def matches_skeleton(q, s):
    return (all(s[name] == q.get(name, s[name]) for name in ("outcome", "resource_type"))
            and s["action"] in q.get("action", [s["action"]])
            and set(q.get("tag", [])) <= set(s["tags"])
            and q.get("start_date", "") <= s["occurred_at"] <= q.get("end_date", "~"))
def matches_part(name, asked, body):
    given = body.get(name)
    if name == "context": return all(has_member(given, member) for member in asked)
    if name != "ip_address": return given is None if asked is None else given in asked
    if "text" in asked: return given == asked["text"]
    ip = attempt(ipaddress.ip_address, "" if given is None or "%" in given else given)
    mapped = "" if ip is None else f"{int(ip) | (0xffff << 32) * (ip.version == 4):032x}"
    return asked["first"] <= mapped <= asked["last"]
def has_member(value, member):
    for name in member["path"]:
        if type(value) is list and fits(name, "0|[1-9][0-9]{0,8}"):
            name, value = int(name), dict(enumerate(value))
        value = value.get(name, {}) if type(value) is dict else {}
    word = value if isinstance(value, str) else json.dumps(value)
    return type(value) not in (dict, list) and word in member["values"]
class Pack:
    def __init__(self, file, keys):
        self.file, self.keys, self.line, self.digest = file, keys, 0, hashlib.sha256()
    def next(self):
        raw, self.line = self.file.readline(2 << 20), self.line + 1
        is_whole, reason = raw[-1:] == b"\n", "truncated" if len(raw) < 2 << 20 else "malformed"
        need(is_whole, reason, "the file ends before its trailer, or a line is too long")
        value, self.before = canonical(raw[:-1]), self.digest.hexdigest()
        self.digest.update(raw)
        return value
    def head(self, which, size):
        line = self.next()
        need(fits(line, {"head": which, "note": TEXT}), "malformed", f"the {which} head is due")
        text, origin, found, self.root, signatures = read_note(line["note"])
        need(origin == self.m["origin"], "wrong-trail", f"a head is of {origin}")
        need(found == size, "heads", f"the {which} head is of {found} entries, not of {size}")
        self.signed_by = signers(text, origin, signatures, self.known)
    def verify(self):
        m = self.m = self.next()
        need(type(m.get("format")) is str, "malformed", "it begins with no manifest")
        need(m["format"] == "indelible-pack/1", "version", "it is of another version")
        need(fits(m, MANIFEST), "malformed", "the manifest is ill-formed")
        need(m["origin"].split("/")[1:2] == [m["trail"]], "wrong-trail", "another trail's origin")
        self.q, self.complete = m["question"], m["coverage"] == "complete"
        self.asks, first, self.size = bool(set(NEEDS) & set(self.q)), *m["range"].values()
        full = ["completeness"] * (self.complete and not self.asks)
        claims = ["history"] * (first > 0) + ["inclusion"] + ["skeletons"] * self.complete + full
        left = ["completeness"] * (not full) + ["circumstances", "later"]
        need([m["proved"], m["not_proved"]] == [claims, left], "malformed", "the claims are others")
        self.known, self.frontier, self.due = keys_for(m["origin"], self.keys), [], first
        self.missing, self.sums = {part: [] for part in PARTS}, dict.fromkeys(SUMS, 0)
        if first: self.head("first", first)
        old = self.root if first else None
        self.head("last", self.size)
        if old: self.link(old)
        while "trailer" not in (line := self.next()): self.entry(line)
        self.trailer(line)
        left += ["erasure"] * ((unaccounted := sum(map(len, self.missing.values()))) > 0)
        return {"manifest": m, **self.sums, "unaccounted": unaccounted, "proved": claims,
                "not_proved": left, "root": self.root.hex(), "signed_by": self.signed_by}
    def link(self, old):
        line, name = self.next(), "frontier" if self.complete else "consistency"
        need(fits(line, {name: hashes}), "malformed", f"{name} is due")
        found = self.frontier = list(map(unbase, line[name]))
        good = len(found) == bin(self.due).count("1") and root_of(found) == old if self.complete \
            else is_consistent(self.due, old, self.size, self.root, found)
        need(good, "consistency", "the last head does not continue the first")
    def entry(self, line):
        need(fits(line, ENTRY) and ("path" in line) != self.complete, "malformed", "no entry")
        seq, text, size = line["seq"], line["skeleton"], line["seq"]
        need(self.due <= seq < self.size, "order", f"entry {seq} is out of place")
        need(seq == self.due or not self.complete, "omission", f"entry {self.due} is left out")
        s, hash = read_skeleton(text)
        need(s["trail"] == self.m["trail"], "wrong-trail", f"entry {seq} is another trail's")
        path = map(unbase, line.get("path", []))
        good = self.complete or is_included(hash, seq, self.size, path, self.root)
        need(good, "inclusion", f"entry {seq} is not in the tree")
        while self.complete and size & 1: hash, size = node(self.frontier.pop(), hash), size >> 1
        self.frontier += [hash] * self.complete
        if "parts" in line: self.opened(seq, s, line["parts"])
        else:
            good = self.asks or not matches_skeleton(self.q, s)
            need(good, "omission", f"entry {seq} matches and is not opened")
            need(self.complete or "erases" in s, "question", f"nothing asks for entry {seq}")
        for e in s.get("erases", []):
            for gone in map(self.missing.get, e["parts"]):
                ends = e["first"], min(e["last"] + 1, seq)
                del gone[slice(*(bisect.bisect_left(gone, end) for end in ends))]
        self.sums["entries"], self.due = self.sums["entries"] + 1, seq + 1
    def opened(self, seq, s, parts):
        need(matches_skeleton(self.q, s), "question", f"entry {seq} does not match")
        need(set(parts) == set(PARTS) & set(s), "part", f"parts of entry {seq} lack, or were added")
        bodies = {part: {} for part in PARTS if part not in parts}
        for part, shown in parts.items():
            held, closed = part in self.m["without"], type(shown) is str
            good = held == (shown == "withheld") and (closed or part_hash(part, shown) == s[part])
            need(good or shown == "erased", "part", f"{part} of entry {seq} is not as recorded")
            if closed: self.sums[shown] += 1
            if not closed: bodies[part] = body_of(shown["body"])
            elif shown == "erased": self.missing[part].append(seq)
        self.sums["opened"] += 1
        good = all(matches_part(name, asked, bodies[NEEDS[name]])
                   for name, asked in self.q.items() if NEEDS.get(name) in bodies)
        need(good, "question", f"entry {seq} does not match")
    def trailer(self, line):
        need(fits(line, TRAILER), "malformed", "the trailer is ill-formed")
        need(line["trailer"].pop("sha256") == self.before, "digest", "it is not as it was made")
        need(line["trailer"] == self.sums, "count", "the trailer counts other lines than these")
        good, due = not self.complete, self.due
        need(good or due == self.size, "omission", f"entries from {due} on are left out")
        need(good or root_of(self.frontier) == self.root, "root", "the entries are not the trail's")
        self.line += 1
        need(not self.file.read(1), "malformed", "something follows the trailer")
def verify_proof(octets, keys):  # docs/formats/receipt.md
    proof = re.fullmatch(PROOF, attempt(octets.decode) or "") or {1: "", 2: str(2**64)}
    extra, index = unbase(proof[1]), int(proof[2])
    need(u64(index) and len(extra) <= 1 << 20, "malformed", "it is no proof of an entry")
    extra, path = canonical(extra), map(unbase, proof[3].split())
    need(fits(extra, CLAIM), "malformed", "the entry in the proof is ill-formed")
    text, parts = extra["skeleton"], extra.get("parts", {})
    s, hash = read_skeleton(text)
    signed, origin, size, root, signatures = read_note(proof[4])
    need(origin.split("/")[1:2] == [s["trail"]], "wrong-trail", f"the checkpoint is of {origin}")
    signed_by = signers(signed, origin, signatures, keys_for(origin, keys))
    need(is_included(hash, index, size, path, root), "inclusion", "the entry is not in the tree")
    for p in parts: need(part_hash(p, parts[p]) == s.get(p), "part", f"{p} is another")
    return {"origin": origin, "tree_size": size, "root": root.hex(), "seq": index, "skeleton": s,
            "leaf_hash": hash.hex(), "signed_by": signed_by,
            "parts": {p: body_of(o["body"]) and json.loads(o["body"]) for p, o in parts.items()}}
def judge(path, keys):
    with open(path, "rb") as file:
        is_proof = path.endswith(".tlog-proof") or file.peek(9)[:9] == b"c2sp.org/"
        pack = Pack(file, keys)
        try: found = verify_proof(file.read(), keys) if is_proof else pack.verify()
        except Refused as it: found = {"ok": False, "line": pack.line or None, **it.args[0]}
    return {"ok": True, "reason": None, **found}
if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--key", metavar="VKEY", type=read_key, action="append", required=True)
    parser.add_argument("file", nargs="+")
    given = parser.parse_args()
    verdicts = [judge(path, given.key) for path in given.file]
    for verdict in verdicts: print(json.dumps(verdict, ensure_ascii=False, sort_keys=True))
    sys.exit(0 if all(verdict["ok"] for verdict in verdicts) else 3)
