// Checks what an Indelible trail hands out: inclusion proofs, consistency files, evidence packs.
//
// Written from docs/formats alone, as a third implementation beside `indelible verify-pack` and
// contrib/verify_pack.py, with the same verdicts and the same reasons. It touches no page, no
// storage and no network: bytes and verifier keys in, a verdict out. Nothing it is given makes
// it throw; whatever is wrong is a refusal with a reason and a sentence.
//
// A verdict has `state`: "holds"; "refused", with a `reason` of docs/formats/pack.md; "keyless",
// where no key at hand is for the trail, so that nothing says who signed, and all else holds; or
// "unable", where this browser cannot tell. A keyless one is not `ok`, and its `reason` is the one
// for which the other verifiers refuse it. `steps` are what was looked at, in order:
// `{name, title, ok, detail, values}`, with `ok` null where there was nothing to compare or an
// earlier step left nothing to go on, and `values` a list of `[label, text]`.
(function () {
  "use strict";

  // ---- Limits of the formats, in bytes unless said otherwise ----

  const PACK_LINE_MAX = 2097152;
  const NOTE_MAX = 1000000;
  const NOTE_LINE_MAX = 65536;
  const NOTE_SIGNATURES_MAX = 100;
  const KEY_NAME_MAX = 255;
  const SKELETON_MAX = 65534;
  const EXTRA_MAX = 1048576;
  const PROOF_HASHES_MAX = 63;
  const PROOF_MAX = Math.ceil(EXTRA_MAX / 3) * 4 + NOTE_MAX + 8192;
  const CONSISTENCY_MAX = NOTE_MAX + 8192;
  // How deep a line of a pack, and the body of a part, are nested.
  const LINE_DEPTH_MAX = 8;
  const BODY_DEPTH_MAX = 66;
  // Milliseconds of work after which the page gets a turn.
  const TURN_MS = 40;

  const U63 = 1n << 63n;
  const U64 = 1n << 64n;
  const PARTS = ["actor", "details", "target"];

  // ---- Refusals ----

  // What is wrong, by one of the reasons of the format.
  class Refused extends Error {
    constructor(reason, problem) {
      super(problem);
      this.reason = reason;
    }
  }

  // What keeps this browser from telling.
  class Unable extends Error {}

  function need(holds, reason, problem) {
    if (!holds) throw new Refused(reason, problem);
  }

  // ---- Bytes and texts ----

  // A number with a thin space between groups of three digits, as the server's pages write it.
  function grouped(number) {
    return String(number).replace(/\B(?=(?:[0-9]{3})+$)/g, "\u202f");
  }

  function entriesOf(number) {
    return `${grouped(number)} ${String(number) === "1" ? "entry" : "entries"}`;
  }

  const encoder = new TextEncoder();
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

  function bytesOf(text) {
    return encoder.encode(text);
  }

  // The text of UTF-8; null of anything else.
  function textOf(bytes) {
    try {
      return decoder.decode(bytes);
    } catch {
      return null;
    }
  }

  function joined(...pieces) {
    const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }

  function equal(a, b) {
    return a.length === b.length && a.every((byte, at) => byte === b[at]);
  }

  function hexOf(bytes) {
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  function unhex(text) {
    const bytes = new Uint8Array(text.length / 2);
    for (let at = 0; at < bytes.length; at += 1) {
      bytes[at] = parseInt(text.slice(2 * at, 2 * at + 2), 16);
    }
    return bytes;
  }

  function base64Of(bytes) {
    let text = "";
    for (let at = 0; at < bytes.length; at += 8192) {
      text += String.fromCharCode(...bytes.subarray(at, at + 8192));
    }
    return btoa(text);
  }

  // The bytes of base64 in its one spelling; null of anything else.
  function unbase64(text) {
    if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return null;
    let binary;
    try {
      binary = atob(text);
    } catch {
      return null;
    }
    if (btoa(binary) !== text) return null;
    const bytes = new Uint8Array(binary.length);
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = binary.charCodeAt(at);
    return bytes;
  }

  // ---- SHA-256 ----

  async function webDigest(...pieces) {
    return new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...pieces)));
  }

  // FIPS 180-4, for what WebCrypto cannot do: the digest of a whole pack in the memory of a line.
  // That one tells damage, and the ids of keys are hints; every hash that proves something is
  // WebCrypto's. It is held against WebCrypto's before anything is checked.
  const ROUNDS = Int32Array.of(
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
    0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
    0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
    0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
    0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
    0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
    0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
    0xc67178f2,
  );
  const schedule = new Int32Array(64);

  class Sha256 {
    constructor() {
      this.state = Int32Array.of(
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
      );
      this.block = new Uint8Array(64);
      this.used = 0;
      this.length = 0;
    }

    update(bytes) {
      this.length += bytes.length;
      let at = 0;
      if (this.used > 0) {
        at = Math.min(64 - this.used, bytes.length);
        this.block.set(bytes.subarray(0, at), this.used);
        this.used += at;
        if (this.used < 64) return this;
        this.compress(this.block, 0);
        this.used = 0;
      }
      for (; at + 64 <= bytes.length; at += 64) this.compress(bytes, at);
      this.block.set(bytes.subarray(at));
      this.used = bytes.length - at;
      return this;
    }

    compress(bytes, from) {
      const w = schedule;
      for (let i = 0, at = from; i < 16; i += 1, at += 4) {
        w[i] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
      }
      for (let i = 16; i < 64; i += 1) {
        const x = w[i - 15];
        const y = w[i - 2];
        const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
        const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
        w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
      }
      const state = this.state;
      let a = state[0];
      let b = state[1];
      let c = state[2];
      let d = state[3];
      let e = state[4];
      let f = state[5];
      let g = state[6];
      let h = state[7];
      for (let i = 0; i < 64; i += 1) {
        const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
        const t1 = (h + s1 + ((e & f) ^ (~e & g)) + ROUNDS[i] + w[i]) | 0;
        const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
        const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        h = g;
        g = f;
        f = e;
        e = (d + t1) | 0;
        d = c;
        c = b;
        b = a;
        a = (t1 + t2) | 0;
      }
      state[0] += a;
      state[1] += b;
      state[2] += c;
      state[3] += d;
      state[4] += e;
      state[5] += f;
      state[6] += g;
      state[7] += h;
    }

    digest() {
      const { length, used } = this;
      const padding = new Uint8Array((used < 56 ? 64 : 128) - used);
      padding[0] = 0x80;
      const view = new DataView(padding.buffer);
      view.setUint32(padding.length - 8, Math.floor(length / 0x20000000));
      view.setUint32(padding.length - 4, (length % 0x20000000) * 8);
      this.update(padding);
      const hash = new Uint8Array(32);
      const out = new DataView(hash.buffer);
      this.state.forEach((word, i) => out.setInt32(4 * i, word));
      return hash;
    }
  }

  function ownDigest(...pieces) {
    const sha = new Sha256();
    for (const piece of pieces) sha.update(piece);
    return sha.digest();
  }

  // ---- Ed25519 ----

  const P = 2n ** 255n - 19n;
  const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
  const CURVE_D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;
  // The heights of the eight points of small order.
  const Y8 = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n;
  const SMALL = [0n, 1n, P - 1n, Y8, P - Y8];
  const LOW_255 = (1n << 255n) - 1n;

  function littleEndian(bytes) {
    return BigInt("0x" + hexOf(Uint8Array.from(bytes).reverse()));
  }

  // Whether 32 bytes spell a height in its one way, and not that of a point of small order.
  function isStrictHeight(bytes) {
    const y = littleEndian(bytes) & LOW_255;
    return y < P && !SMALL.includes(y);
  }

  function power(base, exponent) {
    let result = 1n;
    for (let b = base % P, e = exponent; e > 0n; e >>= 1n) {
      if (e & 1n) result = (result * b) % P;
      b = (b * b) % P;
    }
    return result;
  }

  // Whether they are a public key: a point of the curve, of large order, in its one spelling.
  function isPoint(bytes) {
    const y = littleEndian(bytes) & LOW_255;
    const [u, v] = [(y * y - 1n + P) % P, (CURVE_D * y * y + 1n) % P];
    return isStrictHeight(bytes) && power(u * v, (P - 1n) / 2n) === 1n;
  }

  // Strictly, as docs/formats/checkpoint.md says. What WebCrypto leaves open is checked here:
  // a scalar below the order, no second spelling, no point of small order.
  async function hasSigned(publicKey, message, signature) {
    if (signature.length !== 64 || littleEndian(signature.subarray(32)) >= ORDER) return false;
    if (!isStrictHeight(signature.subarray(0, 32)) || !isPoint(publicKey)) return false;
    const key = await crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
    return crypto.subtle.verify("Ed25519", key, signature, message);
  }

  // ---- Whether this browser can tell at all ----

  const NO_CONTEXT = "this page was not loaded over HTTPS, from this machine or from a file, so "
    + "that the browser keeps its cryptography from it; use indelible verify-proof or verify-pack";
  const NO_ED25519 = "this browser cannot check Ed25519 signatures; use indelible verify-proof "
    + "or verify-pack";
  const WRONG_SUMS = "the cryptography of this browser gives wrong answers";
  // RFC 8032 section 7.1, test 2.
  const SAMPLE_KEY = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
  const SAMPLE_SIGNATURE = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";

  async function tryOut() {
    if (typeof crypto === "undefined" || !crypto.subtle) return NO_CONTEXT;
    const [key, signature] = [unhex(SAMPLE_KEY), unhex(SAMPLE_SIGNATURE)];
    let good, bad;
    try {
      good = await hasSigned(key, Uint8Array.of(0x72), signature);
      bad = await hasSigned(key, Uint8Array.of(0x73), signature);
    } catch {
      return NO_ED25519;
    }
    if (!good || bad) return WRONG_SUMS;
    for (const length of [0, 55, 56, 64, 119, 1000]) {
      const sample = new Uint8Array(length).fill(0xa7);
      if (!equal(await webDigest(sample), ownDigest(sample))) return WRONG_SUMS;
    }
    return null;
  }

  let triedOut = null;

  // Null where proofs can be checked here; else why they cannot, in words.
  function unsupported() {
    triedOut ??= tryOut();
    return triedOut;
  }

  // ---- Canonical JSON (docs/formats/skeleton.md) ----

  // A number as it is written, never a double.
  class Numeral {
    constructor(token) {
      this.token = token;
    }
  }

  const PLAIN = /[^"\\\u0000-\u001f]*/y;
  const ESCAPE = /\\(?:["\\bfnrt]|u00(?:0[1-7be-f]|1[0-9a-f]))/y;
  const NUMBER = /-?(?:0|[1-9][0-9]*)((?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)/y;
  const LITERALS = [["true", true], ["false", false], ["null", null]];

  // Reads the one spelling of a value and nothing else: an object is a Map, a number a Numeral.
  class Reader {
    constructor(text) {
      this.text = text;
      this.at = 0;
    }

    wrong(what) {
      return new Refused("malformed", `no canonical JSON: ${what} at character ${this.at}`);
    }

    // Steps over what matches here, and answers it.
    match(pattern) {
      pattern.lastIndex = this.at;
      const found = pattern.exec(this.text);
      if (found !== null) this.at += found[0].length;
      return found;
    }

    skip(character) {
      if (this.text[this.at] !== character) return false;
      this.at += 1;
      return true;
    }

    value(depth) {
      const first = this.text[this.at];
      if (first === '"') return this.string();
      if (first === "{" || first === "[") {
        if (depth === 0) throw this.wrong("it is nested too deep");
        this.at += 1;
        return first === "{" ? this.object(depth - 1) : this.list(depth - 1);
      }
      for (const [word, value] of LITERALS) {
        if (this.text.startsWith(word, this.at)) {
          this.at += word.length;
          return value;
        }
      }
      return this.number();
    }

    string() {
      const start = this.at;
      this.at += 1;
      let hasEscapes = false;
      for (;;) {
        this.match(PLAIN);
        if (this.skip('"')) break;
        if (this.match(ESCAPE) === null) throw this.wrong("a text");
        hasEscapes = true;
      }
      if (!hasEscapes) return this.text.slice(start + 1, this.at - 1);
      return JSON.parse(this.text.slice(start, this.at));
    }

    list(depth) {
      const items = [];
      if (this.skip("]")) return items;
      do items.push(this.value(depth));
      while (this.skip(","));
      if (!this.skip("]")) throw this.wrong("a list");
      return items;
    }

    object(depth) {
      const members = new Map();
      if (this.skip("}")) return members;
      let before = null;
      do {
        if (this.text[this.at] !== '"') throw this.wrong("a name");
        const name = this.string();
        if (!this.follows(name, before, members)) throw this.wrong("the order of names");
        if (!this.skip(":")) throw this.wrong("a member");
        members.set(name, this.value(depth));
        before = name;
      } while (this.skip(","));
      if (!this.skip("}")) throw this.wrong("an object");
      return members;
    }

    // The order of UTF-16 code units; a name that stands twice is out of order too.
    follows(name, before) {
      return before === null || name > before;
    }

    number() {
      const found = this.match(NUMBER);
      if (found === null) throw this.wrong("a value");
      const token = found[0];
      const isExact = found[1] === "" ? is64Bits(token) : String(Number(token)) === token;
      if (!isExact) throw this.wrong("a number");
      return new Numeral(token);
    }
  }

  function is64Bits(token) {
    if (token.length > 20 || token === "-0") return false;
    const value = BigInt(token);
    return value >= -U63 && value < U64;
  }

  const SPACE = /[ \t\r\n]*/y;
  const ANY_TEXT = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*"/y;

  // Reads strict JSON in any spelling, as pages show it: with white space, the names in any order
  // but each once, and numbers as they are written.
  class PlainReader extends Reader {
    value(depth) {
      this.match(SPACE);
      const value = super.value(depth);
      this.match(SPACE);
      return value;
    }

    skip(character) {
      this.match(SPACE);
      const isThere = super.skip(character);
      if (isThere) this.match(SPACE);
      return isThere;
    }

    string() {
      const found = this.match(ANY_TEXT);
      if (found === null) throw this.wrong("a text");
      return JSON.parse(found[0]);
    }

    follows(name, before, members) {
      return !members.has(name);
    }

    number() {
      const found = this.match(NUMBER);
      if (found === null) throw this.wrong("a value");
      return new Numeral(found[0]);
    }
  }

  // Whether two numerals are one number: integers to the digit, others as doubles.
  function isOneNumber(a, b) {
    const isInteger = (token) => /^-?[0-9]+$/.test(token);
    if (isInteger(a) && isInteger(b)) return BigInt(a) === BigInt(b);
    return Number.isFinite(Number(a)) && Number(a) === Number(b);
  }

  // Whether two values that were read are the same, whatever the order of names.
  function isOneValue(a, b) {
    if (a instanceof Numeral) return b instanceof Numeral && isOneNumber(a.token, b.token);
    if (Array.isArray(a)) {
      return Array.isArray(b) && a.length === b.length
        && a.every((item, at) => isOneValue(item, b[at]));
    }
    if (!(a instanceof Map)) return a === b;
    return b instanceof Map && a.size === b.size
      && [...a].every(([name, value]) => b.has(name) && isOneValue(value, b.get(name)));
  }

  // Whether a text is strict JSON of the very context that the body of a part of details holds.
  function isContextOf(body, text) {
    try {
      const due = readObject(body, BODY_DEPTH_MAX).get("context");
      const reader = new PlainReader(text);
      const shown = reader.value(BODY_DEPTH_MAX);
      return due !== undefined && reader.at === text.length && isOneValue(due, shown);
    } catch (error) {
      if (error instanceof Refused) return false;
      throw error;
    }
  }

  // The object in its one spelling, at most so many levels deep.
  function readObject(text, depth) {
    need(text !== null, "malformed", "it is not UTF-8");
    const reader = new Reader(text);
    const value = reader.value(depth);
    if (reader.at !== text.length) throw reader.wrong("something more");
    need(value instanceof Map, "malformed", "it is no object");
    return value;
  }

  // ---- Forms: predicates of values ----

  const isText = (value) => typeof value === "string";
  const like = (pattern) => (value) => isText(value) && pattern.test(value);
  const isNumber = (limit) => (value) =>
    value instanceof Numeral && /^[0-9]+$/.test(value.token) && BigInt(value.token) < limit;
  const listOf = (form, least = 0) => (value) =>
    Array.isArray(value) && value.length >= least && value.every((item) => form(item));

  // An object with all of these members, and perhaps some of those.
  function membersOf(due, possible = {}) {
    const [needed, optional] = [new Map(Object.entries(due)), new Map(Object.entries(possible))];
    return (value) => {
      if (!(value instanceof Map)) return false;
      for (const name of needed.keys()) if (!value.has(name)) return false;
      for (const [name, member] of value) {
        const form = needed.get(name) ?? optional.get(name);
        if (form === undefined || !form(member)) return false;
      }
      return true;
    };
  }

  // Whether a text stands before another one by the bytes of UTF-8.
  function isBefore(a, b) {
    const [left, right] = [Array.from(a), Array.from(b)];
    for (let at = 0; at < Math.min(left.length, right.length); at += 1) {
      if (left[at] !== right[at]) return left[at].codePointAt(0) < right[at].codePointAt(0);
    }
    return left.length < right.length;
  }

  const setOf = (form) => (value) =>
    listOf(form)(value) && value.every((item, at) => at === 0 || isBefore(value[at - 1], item));

  const TIME = /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})\.[0-9]{6}Z$/;

  function isTime(value) {
    const found = isText(value) && TIME.exec(value);
    if (!found) return false;
    const [year, month, day, hour, minute, second] = found.slice(1).map(Number);
    const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
    const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    return day >= 1 && day <= (days[month - 1] ?? 0) && hour < 24 && minute < 60 && second < 60;
  }

  const HASH = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;
  const isSalt = like(/^[0-9a-f]{32}$/);
  const isHex = like(/^[0-9a-f]{64}$/);
  const isTrail = like(/^[a-z0-9][a-z0-9._-]{0,62}$/);
  const isOutcome = like(/^(?:attempted|succeeded|failed|denied|completed)$/);
  const isPart = (value) => PARTS.includes(value);
  const isSeq = isNumber(U63);
  const someTexts = listOf(isText, 1);
  const isHashes = (value) => listOf(like(HASH))(value) && value.length <= PROOF_HASHES_MAX;
  const isOpen = membersOf({ body: isText, salt: isSalt });
  const isShown = (value) => value === "erased" || value === "withheld" || isOpen(value);
  const anyPart = (form) => membersOf({}, Object.fromEntries(PARTS.map((part) => [part, form])));

  const hasErasureForm = membersOf({
    first: isNumber(U64), last: isNumber(U64), parts: setOf(isPart),
  });
  const isErasure = (value) =>
    hasErasureForm(value) && integer(value, "first") <= integer(value, "last");
  const isSkeleton = membersOf({
    action: isText, created_at: isTime, occurred_at: isTime, outcome: isOutcome,
    id: like(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/), resource_type: isText,
    tags: setOf(isText), trail: isTrail, v: (value) => integerIs(value, "1"),
  }, { actor: isHex, details: isHex, erases: listOf(isErasure, 1), target: isHex });
  const isAddressText = membersOf({ text: isText });
  const isAddressBlock = membersOf({ first: isSalt, last: isSalt });
  const isQuestion = membersOf({}, {
    action: someTexts, outcome: isOutcome, resource_type: isText, tag: someTexts,
    start_date: isTime, end_date: isTime, resource_id: someTexts, correlation_id: someTexts,
    user_id: (value) => value === null || someTexts(value),
    ip_address: (value) => isAddressText(value) || isAddressBlock(value),
    context: listOf(membersOf({ path: someTexts, values: someTexts }), 1),
  });
  const hasRangeForm = membersOf({ first: isSeq, size: isSeq });
  const isRange = (value) => hasRangeForm(value) && integer(value, "size") > 0n
    && integer(value, "first") <= integer(value, "size");
  const isManifest = membersOf({
    coverage: like(/^(?:complete|selection)$/), created: isTime, format: isText,
    not_proved: listOf(isText), origin: isText, proved: listOf(isText), question: isQuestion,
    range: isRange, software: isText, trail: isTrail, without: setOf(isPart),
  }, { asked_by: isText });
  const isCompleteEntry = membersOf({ seq: isSeq, skeleton: isText }, { parts: anyPart(isShown) });
  const isSelectedEntry = membersOf(
    { path: isHashes, seq: isSeq, skeleton: isText }, { parts: anyPart(isShown) },
  );
  const isTrailer = membersOf({
    trailer: membersOf({
      entries: isSeq, erased: isSeq, opened: isSeq, sha256: isHex, withheld: isSeq,
    }),
  });
  const isClaim = membersOf({ skeleton: isText }, { parts: anyPart(isOpen) });

  function integer(members, name) {
    return BigInt(members.get(name).token);
  }

  function integerIs(value, token) {
    return value instanceof Numeral && value.token === token;
  }

  // ---- Skeletons and parts ----

  function readSkeleton(text) {
    const bytes = bytesOf(text);
    need(bytes.length <= SKELETON_MAX, "malformed", "the skeleton is too long");
    const members = readObject(text, LINE_DEPTH_MAX);
    need(isSkeleton(members), "malformed", "the skeleton is not of its form");
    return { members, bytes };
  }

  const LEAF = Uint8Array.of(0);
  const NODE = Uint8Array.of(1);
  const PREFIXES = new Map(PARTS.map((part) => [part, bytesOf(`indelible/${part}/v1\n`)]));

  // What the hash of a part is over.
  function partBytes(part, shown) {
    return [PREFIXES.get(part), unhex(shown.get("salt")), bytesOf(shown.get("body"))];
  }

  function readBody(text) {
    const body = readObject(text, BODY_DEPTH_MAX);
    for (const [name, value] of body) {
      const isFree = name === "context" || name === "notes";
      need(isFree || isText(value), "malformed", "a member of a part is no text");
    }
    return body;
  }

  // ---- Keys, notes, checkpoints (docs/formats/checkpoint.md) ----

  const NAME = /^[^+\p{White_Space}\p{Cc}]+$/u;

  function isName(text) {
    return NAME.test(text) && bytesOf(text).length <= KEY_NAME_MAX;
  }

  // A key under a name, with the id that follows from both.
  function named(name, publicKey) {
    const typed = joined(Uint8Array.of(1), publicKey);
    const id = hexOf(ownDigest(bytesOf(`${name}\n`), typed).subarray(0, 4));
    return { name, id, publicKey, vkey: `${name}+${id}+${base64Of(typed)}` };
  }

  // Reads a verifier key: `{name, id, publicKey, vkey}`, or `{problem}` in words.
  function readKey(text) {
    const given = String(text).trim();
    const found = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(given);
    if (found === null) return { problem: "a verifier key has the form name+id+base64" };
    const [, name, , encoded] = found;
    const typed = unbase64(encoded);
    if (!isName(name)) return { problem: "the name in the verifier key can name no key" };
    if (typed === null) return { problem: "the end of the verifier key is not its base64" };
    if (typed[0] !== 1) return { problem: "only Ed25519 keys, of type 1, are read here" };
    if (typed.length !== 33) return { problem: "the public key does not have 32 bytes" };
    const key = named(name, typed.subarray(1));
    if (key.vkey !== given) return { problem: "the id in the verifier key is not that of the key" };
    if (!isPoint(key.publicKey)) return { problem: "the public key is none, or a weak one" };
    return key;
  }

  const ORIGIN = /^([^/]*\/[a-z0-9][a-z0-9._-]{0,62})(?:\/([1-9][0-9]{0,9}))?$/;

  // The origin without its incarnation, and that one; whole, and 1, where it is none of a trail.
  function partsOf(origin) {
    const found = ORIGIN.exec(origin);
    if (found === null || found[2] === undefined) return { name: origin, incarnation: 1 };
    const incarnation = Number(found[2]);
    const isOne = incarnation >= 2 && incarnation < 0x100000000;
    return isOne ? { name: found[1], incarnation } : { name: origin, incarnation: 1 };
  }

  function lineage(origin) {
    return partsOf(origin).name;
  }

  // Whether an origin is the name under which a trail went on after a succession.
  function isLater(origin, than) {
    const [later, earlier] = [partsOf(origin), partsOf(than)];
    return later.name === earlier.name && later.incarnation > earlier.incarnation;
  }

  // The keys that may have signed under an origin: its own under that name, and all others. Null
  // where none is its own.
  function keysFor(origin, keys) {
    need(isName(origin), "wrong-trail", `no verifier key can be for ${origin}`);
    const isOwn = (key) => lineage(key.name) === lineage(origin);
    const own = keys.filter(isOwn).map((key) => named(origin, key.publicKey));
    if (own.length === 0) return null;
    const known = [...own, ...keys.filter((key) => !isOwn(key))];
    return [...new Map(known.map((key) => [key.vkey, key])).values()];
  }

  // A decimal number of 64 bits in its one spelling; null of anything else.
  function readDecimal(text) {
    if (!/^(?:0|[1-9][0-9]{0,19})$/.test(text) || BigInt(text) >= U64) return null;
    return BigInt(text);
  }

  // The lines of a signed note: its text has so many of them, and signatures follow.
  function readLines(text, count, wrong) {
    if (bytesOf(text).length > NOTE_MAX) throw wrong("it is too long");
    if (/[\u0000-\u0009\u000b-\u001f]/.test(text)) throw wrong("a control character");
    const lines = text.split("\n");
    if (lines.pop() !== "") throw wrong("no line feed at its end");
    if (lines.some((line) => bytesOf(line).length > NOTE_LINE_MAX)) throw wrong("a long line");
    const signed = lines.slice(count + 1);
    if (signed.length < 1 || signed.length > NOTE_SIGNATURES_MAX || lines[count] !== "") {
      throw wrong(`it does not have ${count === 3 ? "three" : count} lines and signatures`);
    }
    const signatures = signed.map((line) => {
      const [dash, name, encoded, more] = line.split(" ");
      const bytes = unbase64(encoded ?? "");
      const isGood = dash === "\u2014" && isName(name ?? "") && more === undefined
        && bytes !== null && bytes.length > 4;
      if (!isGood) throw wrong("a signature line");
      return { name, id: hexOf(bytes.subarray(0, 4)), bytes: bytes.subarray(4) };
    });
    return { lines: lines.slice(0, count), signatures };
  }

  // Reads a checkpoint, whoever signed it.
  function readNote(text) {
    const wrong = (what) => new Refused("malformed", `the checkpoint is ill-formed: ${what}`);
    const { lines: [origin, size, root], signatures } = readLines(text, 3, wrong);
    const count = readDecimal(size);
    if (origin === "" || count === null || !HASH.test(root)) throw wrong("its three lines");
    const body = `${origin}\n${size}\n${root}\n`;
    return { text, body, origin, size: count, root: unbase64(root), signatures };
  }

  // The verifier keys that have signed, each once.
  async function signersOf(note, known) {
    const signers = new Set();
    let isBad = false;
    for (const { name, id, bytes } of note.signatures) {
      for (const key of known.filter((one) => one.name === name && one.id === id)) {
        if (await hasSigned(key.publicKey, bytesOf(note.body), bytes)) signers.add(key.vkey);
        else isBad = true;
      }
    }
    const what = note.what ?? "checkpoint";
    need(!isBad, "signature", `a signature under the ${what} of ${note.origin} is bad`);
    const isSigned = [...signers].some((vkey) => vkey.startsWith(`${note.origin}+`));
    need(isSigned, "wrong-key", `no key at hand has signed the ${what} of ${note.origin}`);
    return [...signers];
  }

  // ---- Trees (RFC 9162 sections 2.1.3.2 and 2.1.4.2) ----

  function nodeOf(left, right) {
    return webDigest(NODE, left, right);
  }

  // Climbs from two hashes by a path to the roots of an old and a new tree; null where the path
  // has another length than the place asks for. `seen` is told every level.
  async function climb(hash, place, last, path, seen = () => {}) {
    let [older, newer, fn, sn] = [hash, hash, place, last];
    for (const sibling of path) {
      if (sn === 0n) return null;
      if ((fn & 1n) === 1n || fn === sn) {
        const isSame = older === newer;
        newer = await nodeOf(sibling, newer);
        older = isSame ? newer : await nodeOf(sibling, older);
        while (fn !== 0n && (fn & 1n) === 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
        seen("left", sibling, newer);
      } else {
        newer = await nodeOf(newer, sibling);
        seen("right", sibling, newer);
      }
      [fn, sn] = [fn >> 1n, sn >> 1n];
    }
    return sn === 0n ? { older, newer } : null;
  }

  async function isIncluded(leaf, seq, size, path, root) {
    const found = seq < size ? await climb(leaf, seq, size - 1n, path) : null;
    return found !== null && equal(found.newer, root);
  }

  async function isConsistent(first, oldRoot, size, newRoot, proof) {
    if (first === 0n || first > size) return false;
    if (first === size) return proof.length === 0 && equal(oldRoot, newRoot);
    const isWhole = (first & (first - 1n)) === 0n;
    if (proof.length === 0) return false;
    const [seed, ...path] = isWhole ? [oldRoot, ...proof] : proof;
    let [fn, sn] = [first - 1n, size - 1n];
    while ((fn & 1n) === 1n) [fn, sn] = [fn >> 1n, sn >> 1n];
    const found = await climb(seed, fn, sn, path);
    return found !== null && equal(found.older, oldRoot) && equal(found.newer, newRoot);
  }

  // ---- Reports ----

  // What was looked at, and the first thing that is wrong by the order of the format: the step
  // with the smallest rank, whatever the order in which the steps are shown.
  class Report {
    constructor(onStep) {
      this.steps = [];
      this.onStep = onStep ?? (() => {});
      this.refusal = null;
      this.keyless = null;
    }

    // A signature that nobody can judge, since no key at hand is for its origin.
    lackKey(origin) {
      this.keyless ??= `no verifier key at hand is for ${origin}`;
    }

    step(name, title, ok, detail, values = []) {
      const step = { name, title, ok, detail, values };
      this.steps.push(step);
      this.onStep(step);
    }

    refuse(rank, reason, problem) {
      if (this.refusal === null || rank < this.refusal.rank) {
        this.refusal = { rank, reason, problem };
      }
    }

    // Does a check; a refusal becomes a step that failed, and undefined the answer.
    async check(rank, name, title, check) {
      try {
        return await check();
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        this.refuse(rank, error.reason, error.message);
        this.step(name, title, false, error.message);
        return undefined;
      }
    }

    verdict(facts = {}) {
      const { steps, refusal, keyless } = this;
      if (refusal !== null) {
        const { reason, problem } = refusal;
        return { state: "refused", ok: false, reason, problem, steps, ...facts };
      }
      if (keyless !== null) {
        const reason = "wrong-trail";
        return { state: "keyless", ok: false, reason, problem: keyless, steps, ...facts };
      }
      return { state: "holds", ok: true, reason: null, problem: null, steps, ...facts };
    }
  }

  // Runs a judgement so that nothing is thrown to the caller.
  async function judged(onStep, judge) {
    const report = new Report(onStep);
    try {
      const reason = await unsupported();
      if (reason !== null) throw new Unable(reason);
      return await judge(report);
    } catch (error) {
      const problem = error instanceof Unable ? error.message : `it cannot be read: ${error}`;
      report.step("browser", "This browser", false, problem);
      return { state: "unable", ok: false, reason: null, problem, steps: report.steps };
    }
  }

  function readKeys(texts) {
    return texts.map((text) => {
      const key = readKey(text);
      if (key.problem !== undefined) throw new Unable(`a verifier key is none: ${key.problem}`);
      return key;
    });
  }

  // The text of a file, given as text or as bytes.
  function whole(input, bytesMax, what) {
    const bytes = typeof input === "string" ? bytesOf(input) : input;
    need(bytes.length <= bytesMax, "malformed", `${what} is too long`);
    const text = textOf(bytes);
    need(text !== null, "malformed", `${what} is not UTF-8`);
    const isWhole = typeof input !== "string" || text === input;
    need(isWhole, "malformed", `${what} holds half a character`);
    const rewritten = `${what} has carriage returns: its line ends were changed since`;
    need(!text.includes("\r"), "malformed", rewritten);
    const isPlain = !/[\u0000-\u0009\u000b-\u001f]/.test(text);
    need(isPlain, "malformed", `${what} holds a control character`);
    return text;
  }

  // ---- Inclusion proofs (docs/formats/receipt.md) ----

  function readProof(input) {
    const text = whole(input, PROOF_MAX, "the proof");
    const gap = text.indexOf("\n\n");
    need(gap >= 0, "malformed", "the proof has no empty line");
    const [header, extra, index, ...hashes] = text.slice(0, gap).split("\n");
    need(header === "c2sp.org/tlog-proof@v1", "malformed", "it is no proof of this form");
    const given = /^extra (.*)$/.exec(extra ?? "");
    need(given !== null, "malformed", "the proof does not hold the entry's skeleton");
    const bytes = unbase64(given[1]);
    const isGood = bytes !== null && bytes.length <= EXTRA_MAX;
    need(isGood, "malformed", "the entry in the proof is not in base64, or too long");
    const place = /^index (.*)$/.exec(index ?? "");
    const seq = place === null ? null : readDecimal(place[1]);
    need(seq !== null, "malformed", "the index is no number of its form");
    need(isHashes(hashes), "malformed", "the path is no list of at most 63 hashes in base64");
    const claim = readObject(textOf(bytes), LINE_DEPTH_MAX);
    need(isClaim(claim), "malformed", "the entry in the proof is ill-formed");
    return {
      seq, path: hashes.map(unbase64), skeleton: claim.get("skeleton"),
      parts: claim.get("parts") ?? new Map(), checkpoint: text.slice(gap + 2),
    };
  }

  // Ranks of refusals, in the order of docs/formats/receipt.md.
  const BY = { form: 0, trail: 1, signature: 2, inclusion: 3, part: 4 };

  async function stepParts(report, proof, members) {
    const bodies = {};
    for (const [place, part] of PARTS.entries()) {
      const [shown, due] = [proof.parts.get(part), members.get(part)];
      const title = `Content: ${part}`;
      if (shown === undefined) {
        const absent = due === undefined ? "the entry has none" : "not shown in this proof";
        report.step(`part-${part}`, title, null, absent, due ? [["In the skeleton", due]] : []);
        continue;
      }
      await report.check(BY.part + place, `part-${part}`, title, async () => {
        const found = hexOf(await webDigest(...partBytes(part, shown)));
        const problem = `the ${part} is not what was recorded`;
        need(found === due, "part", problem);
        readBody(shown.get("body"));
        bodies[part] = shown.get("body");
        report.step(`part-${part}`, title, true, "has the hash that the skeleton names", [
          ["Content", shown.get("body")], ["Salt", shown.get("salt")], ["Hash", found],
          ["In the skeleton", due],
        ]);
      });
    }
    return bodies;
  }

  function stepTrail(report, proof, members, note) {
    const trail = members.get("trail");
    const isOwn = note.origin.split("/")[1] === trail;
    const values = [["Skeleton", proof.skeleton], ["Origin of the checkpoint", note.origin]];
    const problem = `the skeleton names the trail ${trail}, the checkpoint is of ${note.origin}`;
    if (!isOwn) report.refuse(BY.trail, "wrong-trail", problem);
    const detail = isOwn ? `canonical, and of the trail ${trail}` : problem;
    report.step("skeleton", "Skeleton", isOwn, detail, values);
  }

  async function stepTree(report, proof, bytes, note) {
    const leaf = await webDigest(LEAF, bytes);
    const leafHash = hexOf(leaf);
    report.step("leaf", "Leaf hash", true, "SHA-256 of a zero byte and the skeleton", [
      ["Leaf hash", leafHash],
    ]);
    const levels = [];
    const seen = (side, sibling, hash) => levels.push(
      [`Level ${levels.length + 1}`, `${hexOf(hash)}, with ${hexOf(sibling)} to the ${side}`],
    );
    const { seq, path } = proof;
    const found = seq < note.size
      ? await climb(leaf, seq, note.size - 1n, path, seen) : null;
    const isPath = found !== null;
    const place = `entry ${grouped(seq)} of ${grouped(note.size)}`;
    const broken = `${path.length} hashes do not lead from ${place} to a root`;
    const counted = `${path.length} ${path.length === 1 ? "hash leads" : "hashes lead"}`;
    const led = `${counted} from ${place} to a root`;
    report.step("path", "Path", isPath, isPath ? led : broken, levels);
    const isRoot = isPath && equal(found.newer, note.root);
    const other = "the path leads to another root than the checkpoint's";
    const values = [["Root of the checkpoint", hexOf(note.root)]];
    if (isPath) values.unshift(["Root of the path", hexOf(found.newer)]);
    const reached = isPath ? other : "the path gives none to compare";
    const detail = isRoot ? "the path leads to the checkpoint's root" : reached;
    report.step("root", "Root", isPath ? isRoot : null, detail, values);
    if (!isRoot) report.refuse(BY.inclusion, "inclusion", isPath ? other : broken);
    return leafHash;
  }

  function withoutKey(origin) {
    return `no key that you hold is for ${origin}, so that nothing says who signed`;
  }

  async function stepSignature(report, note, keys, name = "signature", title = "Signature") {
    return report.check(BY.trail, name, title, async () => {
      const known = keysFor(note.origin, keys);
      if (known === null) {
        report.lackKey(note.origin);
        report.step(name, title, null, withoutKey(note.origin), [["Signed text", note.body]]);
        return undefined;
      }
      try {
        const signers = await signersOf(note, known);
        report.step(name, title, true, `signed with the key that you hold for ${note.origin}`, [
          ...signers.map((vkey) => ["Signed by", vkey]), ["Signed text", note.body],
        ]);
        return signers;
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        report.refuse(BY.signature, error.reason, error.message);
        report.step(name, title, false, error.message, [
          ...known.map((key) => ["Key at hand", key.vkey]), ["Checkpoint", note.text],
        ]);
        return undefined;
      }
    });
  }

  // Checks the proof that an entry stands in a trail. `input` is its text or bytes, `keys` are
  // verifier keys as text. A verdict that holds proves the skeleton and the bodies in `parts`, and
  // nothing of the parts in `notShown`, of which the skeleton only names the hash.
  function verifyProof(input, keys, onStep) {
    return judged(onStep, async (report) => {
      const trusted = readKeys(keys);
      const read = await report.check(BY.form, "form", "Form of the file", () => {
        const proof = readProof(input);
        const { members, bytes } = readSkeleton(proof.skeleton);
        return { proof, members, bytes, note: readNote(proof.checkpoint) };
      });
      if (read === undefined) return report.verdict();
      const { proof, members, bytes, note } = read;
      report.step("form", "Form of the file", true, "a proof in its one spelling", [
        ["Seq", String(proof.seq)], ["Checkpoint", note.text],
      ]);
      const parts = await stepParts(report, proof, members);
      stepTrail(report, proof, members, note);
      const leafHash = await stepTree(report, proof, bytes, note);
      const signedBy = await stepSignature(report, note, trusted);
      return report.verdict({
        origin: note.origin, treeSize: note.size, root: hexOf(note.root), seq: proof.seq,
        leafHash, skeleton: proof.skeleton, parts, signedBy: signedBy ?? [],
        notShown: PARTS.filter((part) => members.has(part) && !proof.parts.has(part)),
      });
    });
  }

  // ---- Checkpoints and consistency files (docs/formats/receipt.md) ----

  // Checks a checkpoint alone. Where `keys` is null its signatures are left unchecked, and it is
  // keyless.
  function verifyCheckpoint(input, keys, onStep) {
    return judged(onStep, async (report) => {
      const trusted = keys === null ? null : readKeys(keys);
      const note = await report.check(BY.form, "form", "Form of the checkpoint",
        () => readNote(whole(input, NOTE_MAX, "the checkpoint")));
      if (note === undefined) return report.verdict();
      report.step("form", "Form of the checkpoint", true, entriesOf(note.size), [
        ["Checkpoint", note.text],
      ]);
      const signedBy = await stepSigned(report, note, trusted, "Signature");
      return report.verdict({
        origin: note.origin, treeSize: note.size, root: hexOf(note.root), checkpoint: note.text,
        signedBy,
      });
    });
  }

  const NO_KEY = "no key was given, so that nothing says who signed";

  async function stepSigned(report, note, trusted, title) {
    if (trusted !== null) {
      return (await stepSignature(report, note, trusted, "signature", title)) ?? [];
    }
    report.lackKey(note.origin);
    report.step("signature", title, null, NO_KEY);
    return [];
  }

  // The signature of a checkpoint that somebody kept, which may have been kept without a key.
  async function stepOlder(report, note, trusted) {
    const [name, title] = ["old-signature", "Older signature"];
    if (trusted === null) report.step(name, title, null, NO_KEY);
    else await stepSignature(report, note, trusted, name, title);
  }

  // Reads `old <size>`, hashes, an empty line and the newer checkpoint.
  function readConsistency(input) {
    const text = whole(input, CONSISTENCY_MAX, "the proof");
    const gap = text.indexOf("\n\n");
    need(gap >= 0, "malformed", "the proof has no empty line");
    const [first, ...hashes] = text.slice(0, gap).split("\n");
    const given = /^old (.*)$/.exec(first);
    const size = given === null ? null : readDecimal(given[1]);
    need(size !== null, "malformed", "the first line names no older size");
    need(isHashes(hashes), "malformed", "the proof is no list of at most 63 hashes in base64");
    return { size, proof: hashes.map(unbase64), newer: readNote(text.slice(gap + 2)) };
  }

  // Checks that the checkpoint in a consistency file continues an older one. `old` is that one's
  // text as `checkpoint`, and the `keys` that it was signed with, which are others where the key
  // was rotated in between; null where it was kept without one, which its step says. With
  // `maySucceed` the newer one may be of a later incarnation. Where `keys` is null the newer
  // signature is left unchecked, and the proof is keyless.
  function verifyConsistency(input, old, keys, onStep) {
    return judged(onStep, async (report) => {
      const trusted = keys === null ? null : readKeys(keys);
      const oldTrusted = old.keys === null ? null : readKeys(old.keys);
      const read = await report.check(BY.form, "form", "Form of the file", () => {
        const older = readNote(whole(old.checkpoint, NOTE_MAX, "the older checkpoint"));
        return { older, ...readConsistency(input) };
      });
      if (read === undefined) return report.verdict();
      const { older, newer, size, proof } = read;
      report.step("form", "Form of the file", true, "a consistency proof in its one spelling", [
        ["Older checkpoint", older.text], ["Newer checkpoint", newer.text],
      ]);
      const isSame = older.origin === newer.origin;
      const isOwn = isSame
        || (old.maySucceed === true && isLater(newer.origin, older.origin));
      const foreign = `the older checkpoint is of ${older.origin}, the newer of ${newer.origin}`;
      if (!isOwn) report.refuse(BY.trail, "wrong-trail", foreign);
      const own = isSame ? `both are of ${older.origin}` : `${foreign}, its later name`;
      report.step("origin", "Same trail", isOwn, isOwn ? own : foreign);
      await stepOlder(report, older, oldTrusted);
      const signedBy = await stepSigned(report, newer, trusted, "Newer signature");
      await report.check(BY.inclusion, "consistency", "Consistency", async () => {
        const other = `the proof is from ${entriesOf(size)}, not from ${grouped(older.size)}`;
        need(size === older.size, "heads", other);
        const isGood = await isConsistent(
          older.size, older.root, newer.size, newer.root, proof,
        );
        const [whole, part] = [entriesOf(newer.size), grouped(older.size)];
        const broken = `the trail of ${whole} does not continue that of ${part}`;
        need(isGood, "consistency", broken);
        const grown = `the trail of ${whole} begins with all of the ${part}`;
        report.step("consistency", "Consistency", true, grown, [
          ["Older root", hexOf(older.root)], ["Newer root", hexOf(newer.root)],
          ...proof.map((hash, at) => [`Hash ${at + 1}`, hexOf(hash)]),
        ]);
      });
      return report.verdict({
        origin: newer.origin, oldSize: older.size, treeSize: newer.size, root: hexOf(newer.root),
        checkpoint: newer.text, signedBy,
      });
    });
  }

  // ---- Rotations of keys (docs/formats/checkpoint.md) ----

  const ROTATION = "indelible/key-rotation/v1";

  // Reads a statement by which one key takes another one's place, whoever signed it.
  function readRotation(text) {
    const wrong = (what) =>
      new Refused("malformed", `a statement of rotation is ill-formed: ${what}`);
    const { lines, signatures } = readLines(text, 6, wrong);
    const [first, origin, size, root, ...vkeys] = lines;
    const count = readDecimal(size);
    if (first !== ROTATION) throw wrong("its first line");
    if (count === null || count === 0n || !HASH.test(root)) throw wrong("its size or its root");
    const [before, after] = vkeys.map(readKey);
    const isOwn = (key, at) => key.vkey === vkeys[at] && key.name === origin;
    if (![before, after].every(isOwn)) throw wrong("its keys");
    if (equal(before.publicKey, after.publicKey)) throw wrong("it changes nothing");
    const body = `${lines.join("\n")}\n`;
    return { what: "statement", body, origin, size: count, before, after, signatures };
  }

  // Follows statements, the oldest first, from keys that are trusted. `followed` are those that
  // lead on from one of them, as `{origin, size, before, after}` with keys as text. The old key
  // vouches for the new one alone: whoever stole it can make statements too.
  function verifyRotations(input, keys, onStep) {
    return judged(onStep, async (report) => {
      let trusted = readKeys(keys);
      const statements = await report.check(BY.form, "form", "Form of the statements", () =>
        whole(input, NOTE_MAX, "the text").split(/^(?=indelible\/key-rotation\/v1\n)/m)
          .map(readRotation));
      if (statements === undefined) return report.verdict();
      const followed = [];
      for (const { size, origin, before, after, ...note } of statements) {
        const leadsOn = (key) => isOneTrail(key.name, origin)
          && equal(key.publicKey, before.publicKey);
        if (!trusted.some(leadsOn)) continue;
        const title = `Rotation at ${entriesOf(size)}`;
        const signers = await report.check(BY.signature, "rotation", title, async () => {
          const found = await signersOf({ origin, ...note }, [before, after]);
          const isSigned = found.includes(before.vkey) && found.includes(after.vkey);
          need(isSigned, "wrong-key", "one of its two keys has not signed the statement");
          const last = followed.findLast((one) => isOneTrail(one.origin, origin));
          const isOn = last === undefined || last.size < size;
          need(isOn, "malformed", "a statement is for no more entries than the one before it");
          return found;
        });
        if (signers === undefined) return report.verdict({ followed: [] });
        report.step("rotation", title, true, "both keys have signed it", [
          ["Key that ends", before.vkey], ["Key that begins", after.vkey],
        ]);
        trusted = [...trusted.filter((key) => !leadsOn(key)), after];
        followed.push({ origin, size, before: before.vkey, after: after.vkey });
      }
      if (followed.length === 0) {
        const none = "no statement leads on from a key that you pinned";
        report.refuse(BY.trail, "wrong-key", none);
        report.step("rotation", "Rotation", false, none);
      }
      return report.verdict({ followed });
    });
  }

  // ---- Evidence packs (docs/formats/pack.md) ----

  const NEEDS = new Map([
    ["user_id", "actor"], ["ip_address", "actor"], ["resource_id", "target"],
    ["correlation_id", "details"], ["context", "details"],
  ]);

  function matchesSkeleton(question, skeleton) {
    const asks = (name) => question.get(name);
    const [actions, occurred] = [asks("action"), skeleton.get("occurred_at")];
    return (asks("outcome") ?? skeleton.get("outcome")) === skeleton.get("outcome")
      && (asks("resource_type") ?? skeleton.get("resource_type")) === skeleton.get("resource_type")
      && (actions === undefined || actions.includes(skeleton.get("action")))
      && (asks("tag") ?? []).every((tag) => skeleton.get("tags").includes(tag))
      && (asks("start_date") ?? occurred) <= occurred
      && occurred <= (asks("end_date") ?? occurred);
  }

  function matchesPart(name, asked, body) {
    const given = body.get(name);
    if (name === "context") return asked.every((member) => hasMember(given, member));
    if (name !== "ip_address") return asked === null ? given === undefined : asked.includes(given);
    if (asked.has("text")) return given === asked.get("text");
    const address = given === undefined ? null : addressOf(given);
    return address !== null && asked.get("first") <= address && address <= asked.get("last");
  }

  function hasMember(context, member) {
    let value = context;
    for (const name of member.get("path")) {
      if (value instanceof Map) value = value.get(name);
      else if (Array.isArray(value) && /^(?:0|[1-9][0-9]{0,8})$/.test(name)) value = value[name];
      else return false;
    }
    if (value === undefined || value instanceof Map || Array.isArray(value)) return false;
    const word = value instanceof Numeral ? value.token : String(value);
    return member.get("values").includes(word);
  }

  function v4Of(text) {
    const numbers = /^(?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2})$/.test(text)
      ? text.split(".").map(Number) : [256];
    if (numbers.some((number) => number > 255)) return null;
    return hexOf(Uint8Array.from(numbers));
  }

  // The 32 hexadecimal digits of an address (RFC 4291 section 2.2), IPv4 mapped; null of others.
  function addressOf(text) {
    const v4 = v4Of(text);
    if (v4 !== null) return `00000000000000000000ffff${v4}`;
    const halves = text.split("::");
    if (halves.length > 2) return null;
    const groups = halves.map((half, at) => groupsOf(half, at === halves.length - 1));
    if (groups.includes(null)) return null;
    const missing = 8 - groups.flat().length;
    if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
    return [...groups[0], ...Array(missing).fill("0000"), ...(groups[1] ?? [])].join("");
  }

  // The groups of an IPv6 address between its colons; the last one may be an IPv4 address.
  function groupsOf(half, isLast) {
    if (half === "") return [];
    const groups = half.split(":");
    const v4 = isLast && groups[groups.length - 1].includes(".") ? v4Of(groups.pop()) : "";
    if (v4 === null || !groups.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group))) return null;
    const digits = groups.map((group) => group.toLowerCase().padStart(4, "0"));
    return v4 === "" ? digits : [...digits, v4.slice(0, 4), v4.slice(4)];
  }

  // Numbers as ranges that do not meet, ascending; numbers come in ascending too.
  class Ranges {
    constructor() {
      this.list = [];
    }

    add(number) {
      const last = this.list[this.list.length - 1];
      if (last !== undefined && last[1] === number) last[1] += 1n;
      else this.list.push([number, number + 1n]);
    }

    // Takes out the numbers from `start` to before `end`.
    remove(start, end) {
      if (start >= end) return;
      let [low, high] = [0, this.list.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (this.list[middle][1] <= start) low = middle + 1;
        else high = middle;
      }
      let past = low;
      const rest = [];
      for (; past < this.list.length && this.list[past][0] < end; past += 1) {
        const [from, to] = this.list[past];
        if (from < start) rest.push([from, start]);
        if (to > end) rest.push([end, to]);
      }
      this.list.splice(low, past - low, ...rest);
    }

    count() {
      return this.list.reduce((sum, [from, to]) => sum + to - from, 0n);
    }
  }

  // Where the bytes of a pack come from, unpacked where they are gzip.
  async function unpacked(source) {
    let stream = source;
    if (source instanceof Uint8Array) stream = new Blob([source]).stream();
    else if (source instanceof Blob) stream = source.stream();
    const reader = stream.getReader();
    let head = new Uint8Array(0);
    while (head.length < 2) {
      const { done, value } = await reader.read();
      if (done) break;
      head = joined(head, value);
    }
    const rest = new ReadableStream({
      start(controller) {
        if (head.length > 0) controller.enqueue(head);
      },
      async pull(controller) {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (why) => reader.cancel(why),
    });
    if (head[0] !== 0x1f || head[1] !== 0x8b) return rest;
    if (typeof DecompressionStream === "undefined") {
      throw new Unable("this browser cannot unpack gzip; unpack the file first");
    }
    return rest.pipeThrough(new DecompressionStream("gzip"));
  }

  // The lines of a stream, one at a time.
  class Lines {
    constructor(stream) {
      this.reader = stream.getReader();
      this.chunk = new Uint8Array(0);
      this.number = 0;
      this.bytes = 0;
    }

    async more() {
      let read;
      try {
        read = await this.reader.read();
      } catch {
        throw new Unable("the file cannot be read to its end, or is no whole gzip file");
      }
      this.chunk = read.done ? null : read.value;
      return !read.done;
    }

    // The next line with its line feed.
    async next() {
      this.number += 1;
      const pieces = [];
      let length = 0;
      for (;;) {
        const end = this.chunk.indexOf(10);
        const taken = end < 0 ? this.chunk : this.chunk.subarray(0, end + 1);
        length += taken.length;
        const isShort = end < 0 ? length < PACK_LINE_MAX : length <= PACK_LINE_MAX;
        need(isShort, "malformed", "a line is longer than 2 MiB");
        pieces.push(taken);
        if (end >= 0) {
          this.chunk = this.chunk.subarray(end + 1);
          this.bytes += length;
          return pieces.length === 1 ? taken : joined(...pieces);
        }
        need(await this.more(), "truncated", "the file ends before its trailer does");
      }
    }

    async isAtEnd() {
      this.number += 1;
      while (this.chunk.length === 0) if (!(await this.more())) return true;
      return false;
    }

    stop() {
      this.reader.cancel().catch(() => {});
    }
  }

  class Pack {
    constructor(lines, keys, report, watch) {
      this.lines = lines;
      this.keys = keys;
      this.report = report;
      this.watch = watch;
      this.digest = new Sha256();
      this.sums = { entries: 0n, erased: 0n, opened: 0n, withheld: 0n };
      this.missing = new Map(PARTS.map((part) => [part, new Ranges()]));
      this.turn = performance.now();
      this.now = ["manifest", "Manifest"];
    }

    // Reads a line; every one but the trailer is passed to the digest.
    async next() {
      const raw = await this.lines.next();
      const text = textOf(raw.subarray(0, raw.length - 1));
      const line = readObject(text, LINE_DEPTH_MAX);
      if (!(this.now[0] === "entries" && line.has("trailer"))) this.digest.update(raw);
      if (performance.now() - this.turn > TURN_MS) await this.giveTurn();
      return { line, text };
    }

    async giveTurn() {
      this.watch.onProgress({ bytes: this.lines.bytes, entries: Number(this.sums.entries) });
      // A message, since timers of a page in the background are held back.
      await new Promise((resolve) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => {
          port1.close();
          resolve();
        };
        port2.postMessage(null);
      });
      this.turn = performance.now();
    }

    done(detail, values) {
      this.report.step(this.now[0], this.now[1], true, detail, values);
    }

    async judge() {
      await this.manifest();
      const first = this.first > 0n ? await this.head("first", this.first) : null;
      const last = await this.head("last", this.size);
      this.root = last.root;
      this.frontier = [];
      if (first !== null) await this.link(first.root);
      this.now = ["entries", "Entries"];
      this.due = this.first;
      let next = await this.next();
      while (!next.line.has("trailer")) {
        await this.entry(next.line);
        next = await this.next();
      }
      this.now = ["trailer", "Trailer"];
      await this.trailer(next.line);
      need(await this.lines.isAtEnd(), "malformed", "something follows the trailer");
      this.done("the file is as it was written, and every count is right");
      this.watch.onProgress({ bytes: this.lines.bytes, entries: Number(this.sums.entries) });
      return this.answer(last.signers);
    }

    answer(signedBy) {
      const counts = [...this.missing.values()].map((ranges) => ranges.count());
      const unaccounted = counts.reduce((sum, count) => sum + count, 0n);
      const notProved = unaccounted > 0n ? [...this.left, "erasure"] : this.left;
      const root = hexOf(this.root);
      return {
        manifest: this.text, origin: this.origin, trail: this.trail, first: this.first,
        treeSize: this.size, root, signedBy, ...this.sums, unaccounted, proved: this.claims,
        notProved,
      };
    }

    async manifest() {
      const { line: m, text } = await this.next();
      need(isText(m.get("format")), "malformed", "it begins with no manifest");
      need(m.get("format") === "indelible-pack/1", "version", "it is a pack of another version");
      need(isManifest(m), "malformed", "the manifest is ill-formed");
      this.text = text;
      [this.trail, this.origin] = [m.get("trail"), m.get("origin")];
      this.question = m.get("question");
      const isOwn = this.origin.split("/")[1] === this.trail;
      need(isOwn, "wrong-trail", `${this.origin} is no origin of the trail ${this.trail}`);
      this.isComplete = m.get("coverage") === "complete";
      this.asked = [...this.question].filter(([name]) => NEEDS.has(name));
      this.without = m.get("without");
      this.first = integer(m.get("range"), "first");
      this.size = integer(m.get("range"), "size");
      const isFull = this.isComplete && this.asked.length === 0;
      const some = (holds, claim) => (holds ? [claim] : []);
      this.claims = [
        ...some(this.first > 0n, "history"), "inclusion", ...some(this.isComplete, "skeletons"),
        ...some(isFull, "completeness"),
      ];
      this.left = [...some(!isFull, "completeness"), "circumstances", "later"];
      const isSame = (a, b) => a.length === b.length && a.every((item, at) => item === b[at]);
      const follows = isSame(m.get("proved"), this.claims)
        && isSame(m.get("not_proved"), this.left);
      need(follows, "malformed", "it claims to prove what does not follow from the rest");
      this.known = keysFor(this.origin, this.keys);
      if (this.known === null) this.report.lackKey(this.origin);
      const range = `${grouped(this.first)} to before ${grouped(this.size)}`;
      this.done(`entries ${range} of ${this.origin}`, [
        ["Manifest", text],
      ]);
    }

    async head(which, size) {
      this.now = [`${which}-head`, which === "first" ? "First head" : "Last head"];
      const { line } = await this.next();
      const isHead = membersOf({ head: (value) => value === which, note: isText });
      need(isHead(line), "malformed", `the ${which} head is due here`);
      const note = readNote(line.get("note"));
      const isOwn = note.origin === this.origin;
      need(isOwn, "wrong-trail", `the ${which} head is of ${note.origin}`);
      const other = `the ${which} head is of ${entriesOf(note.size)}, not of ${grouped(size)}`;
      need(note.size === size, "heads", other);
      const values = [["Checkpoint", note.text], ["Root", hexOf(note.root)]];
      if (this.known === null) {
        const detail = `of ${entriesOf(size)}; ${withoutKey(this.origin)}`;
        this.report.step(this.now[0], this.now[1], null, detail, values);
        return { root: note.root, signers: [] };
      }
      const signers = await signersOf(note, this.known);
      this.done(`signed, of ${entriesOf(size)}`, [
        ...values, ...signers.map((vkey) => ["Signed by", vkey]),
      ]);
      return { root: note.root, signers };
    }

    async link(oldRoot) {
      this.now = ["link", "Link between the heads"];
      const { line } = await this.next();
      const name = this.isComplete ? "frontier" : "consistency";
      need(membersOf({ [name]: isHashes })(line), "malformed", `the ${name} is due here`);
      const hashes = line.get(name).map(unbase64);
      const continues = this.isComplete
        ? hashes.length === bitsOf(this.first) && equal(await rootOf(hashes), oldRoot)
        : await isConsistent(this.first, oldRoot, this.size, this.root, hashes);
      need(continues, "consistency", "the last head does not continue the first");
      if (this.isComplete) this.frontier = hashes;
      this.done(`the ${name} leads from the first head on`, hashes.map(
        (hash, at) => [`Hash ${at + 1}`, hexOf(hash)],
      ));
    }

    async entry(line) {
      const hasForm = this.isComplete ? isCompleteEntry(line) : isSelectedEntry(line);
      need(hasForm, "malformed", "an entry is not of its form");
      const seq = integer(line, "seq");
      const isPlaced = this.due <= seq && seq < this.size;
      need(isPlaced, "order", `entry ${grouped(seq)} is not where it belongs`);
      const isDue = !this.isComplete || seq === this.due;
      need(isDue, "omission", `entry ${grouped(this.due)} is left out`);
      const { members, bytes } = readSkeleton(line.get("skeleton"));
      const isOwn = members.get("trail") === this.trail;
      need(isOwn, "wrong-trail", `entry ${grouped(seq)} is of the trail ${members.get("trail")}`);
      const leaf = await webDigest(LEAF, bytes);
      if (this.isComplete) {
        await this.append(leaf, seq);
      } else {
        const path = line.get("path").map(unbase64);
        const isIn = await isIncluded(leaf, seq, this.size, path, this.root);
        need(isIn, "inclusion", `entry ${grouped(seq)} is not in the trail`);
      }
      if (line.has("parts")) await this.opened(seq, members, line.get("parts"));
      else this.closed(seq, members);
      for (const erasure of members.get("erases") ?? []) this.account(erasure, seq);
      this.sums.entries += 1n;
      this.due = seq + 1n;
      this.watch.onEntry({ seq, skeleton: line.get("skeleton"), parts: line.get("parts") });
    }

    async append(leaf, seq) {
      let hash = leaf;
      for (let n = seq; (n & 1n) === 1n; n >>= 1n) hash = await nodeOf(this.frontier.pop(), hash);
      this.frontier.push(hash);
    }

    // An entry accounts for what it says it erased of those before it.
    account(erasure, seq) {
      const [first, past] = [integer(erasure, "first"), integer(erasure, "last") + 1n];
      for (const part of erasure.get("parts")) {
        this.missing.get(part).remove(first, past < seq ? past : seq);
      }
    }

    closed(seq, members) {
      const isClosed = this.asked.length > 0 || !matchesSkeleton(this.question, members);
      need(isClosed, "omission", `entry ${grouped(seq)} matches and is not opened`);
      const isDue = this.isComplete || members.has("erases");
      need(isDue, "question", `nothing asks for entry ${grouped(seq)}`);
    }

    async opened(seq, members, parts) {
      const unasked = `entry ${grouped(seq)} does not match the question`;
      need(matchesSkeleton(this.question, members), "question", unasked);
      const isWhole = PARTS.every((part) => parts.has(part) === members.has(part));
      const missing = `parts of entry ${grouped(seq)} are missing, or were never recorded`;
      need(isWhole, "part", missing);
      const bodies = new Map();
      for (const part of PARTS) {
        if (!parts.has(part)) bodies.set(part, new Map());
        else await this.part(seq, part, parts.get(part), members.get(part), bodies);
      }
      this.sums.opened += 1n;
      const matches = this.asked.every(([name, asked]) => {
        const body = bodies.get(NEEDS.get(name));
        return body === undefined || matchesPart(name, asked, body);
      });
      need(matches, "question", unasked);
    }

    async part(seq, part, shown, hash, bodies) {
      const isHeld = this.without.includes(part);
      if (shown === "erased") {
        this.sums.erased += 1n;
        this.missing.get(part).add(seq);
        return;
      }
      const isRight = isHeld === (shown === "withheld");
      const of = `${part} of entry ${grouped(seq)}`;
      need(isRight, "part", `${of} is open or withheld against the manifest`);
      if (shown === "withheld") {
        this.sums.withheld += 1n;
        return;
      }
      const isRecorded = hexOf(await webDigest(...partBytes(part, shown))) === hash;
      need(isRecorded, "part", `${of} is not what was recorded`);
      bodies.set(part, readBody(shown.get("body")));
    }

    async trailer(line) {
      need(isTrailer(line), "malformed", "the trailer is ill-formed");
      const trailer = line.get("trailer");
      const isSame = trailer.get("sha256") === hexOf(this.digest.digest());
      need(isSame, "digest", "the file is not the one that was written");
      const counts = Object.entries(this.sums);
      const isCounted = counts.every(([name, sum]) => integer(trailer, name) === sum);
      need(isCounted, "count", "the trailer counts other lines than these");
      if (this.isComplete) {
        const isWhole = this.due === this.size;
        need(isWhole, "omission", `entries from ${grouped(this.due)} on are left out`);
        const isRoot = equal(await rootOf(this.frontier), this.root);
        need(isRoot, "root", "the entries are not those under the last head");
      }
      const how = this.isComplete ? "all together give the last head's root"
        : "each leads to the last head's root";
      this.report.step("entries", "Entries", true, `${entriesOf(this.sums.entries)}; ${how}`,
        counts.map(([name, sum]) => [name, String(sum)]));
    }
  }

  async function rootOf(frontier) {
    let hash = frontier[frontier.length - 1];
    for (let at = frontier.length - 2; at >= 0; at -= 1) hash = await nodeOf(frontier[at], hash);
    return hash;
  }

  function bitsOf(number) {
    return number.toString(2).replaceAll("0", "").length;
  }

  // Checks an evidence pack, plain or gzip: a Blob, a ReadableStream or bytes. Memory is that of
  // one line, however long the pack. `onProgress` is told `{bytes, entries}` some times a second;
  // `onEntry`, where given, every entry that was found good so far: `{seq, skeleton, parts}`.
  // What it was told holds only if the verdict does.
  function verifyPack(source, keys, onProgress, onEntry) {
    const watch = { onProgress: onProgress ?? (() => {}), onEntry: onEntry ?? (() => {}) };
    return judged(null, async (report) => {
      const trusted = readKeys(keys);
      const lines = new Lines(await unpacked(source));
      const pack = new Pack(lines, trusted, report, watch);
      try {
        return report.verdict(await pack.judge());
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        const problem = `line ${lines.number}: ${error.message}`;
        report.refuse(BY.form, error.reason, error.message);
        report.step(pack.now[0], pack.now[1], false, problem);
        return report.verdict({ line: lines.number });
      } finally {
        lines.stop();
      }
    });
  }

  // Whether two names are those of one trail, whatever its incarnation.
  function isOneTrail(a, b) {
    return lineage(a) === lineage(b);
  }

  // Whether two verifier keys are one public key, whatever their names.
  function isSameKey(a, b) {
    const [one, other] = [readKey(a), readKey(b)];
    return one.problem === undefined && other.problem === undefined
      && equal(one.publicKey, other.publicKey);
  }

  globalThis.IndelibleVerifier = Object.freeze({
    unsupported, grouped, entriesOf, readKey, isSameKey, isOneTrail, isLater, isContextOf,
    verifyProof, verifyCheckpoint, verifyConsistency, verifyRotations, verifyPack,
  });
})();
