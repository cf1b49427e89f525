// Node's `Buffer` and the part of its `crypto` that scripts use: digests, HMAC, random bytes.
import { hmac } from "@noble/hashes/hmac.js";
import { md5, ripemd160, sha1 } from "@noble/hashes/legacy.js";
import { sha224, sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { Buffer } from "buffer/index.js";

const HASHES = { md5, ripemd160, rmd160: ripemd160, sha1, sha224, sha256, sha384, sha512 };
const LARGEST = 1_048_576; // random bytes at once

// ---- base64url, which the package `buffer` does not know
const isUrl = (encoding) => typeof encoding === "string" && encoding.toLowerCase() === "base64url";
const { from, isEncoding, byteLength } = Buffer;
const { toString } = Buffer.prototype;
Buffer.from = (value, encoding, length) => from(value, isUrl(encoding) ? "base64" : encoding, length);
Buffer.isEncoding = (encoding) => isUrl(encoding) || isEncoding(encoding);
Buffer.byteLength = (value, encoding) => byteLength(value, isUrl(encoding) ? "base64" : encoding);
Buffer.prototype.toString = function (encoding, ...range) {
  if (!isUrl(encoding)) return toString.call(this, encoding, ...range);
  return toString.call(this, "base64", ...range).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
};

const bytesOf = (data, encoding, name) => {
  if (typeof data === "string") return Buffer.from(data, encoding === undefined || encoding === "buffer" ? "utf8" : encoding);
  if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return Buffer.from(data);
  throw new TypeError(`the "${name}" is a text, a Buffer, a typed array or an ArrayBuffer`);
};

const hashOf = (name) => {
  const key = String(name).toLowerCase().replace("-", "");
  if (!Object.hasOwn(HASHES, key)) throw new RangeError(`digest '${name}' is not available; available: ${Object.keys(HASHES).join(", ")}`);
  return HASHES[key];
};

const encoded = (bytes, encoding) => {
  const buffer = Buffer.from(bytes);
  return encoding === undefined || encoding === "buffer" ? buffer : buffer.toString(encoding);
};

class Digest {
  #state;
  constructor(state) {
    this.#state = state;
  }
  update(data, encoding) {
    if (this.#state === null) throw new Error("Digest already called");
    this.#state.update(bytesOf(data, encoding, "data"));
    return this;
  }
  digest(encoding) {
    if (this.#state === null) throw new Error("Digest already called");
    const bytes = this.#state.digest();
    this.#state = null;
    return encoded(bytes, encoding);
  }
  copy() {
    if (this.#state === null) throw new Error("Digest already called");
    return new Digest(this.#state.clone());
  }
}

export default () => {
  let seed = null; // 32 bytes for the present run
  let blocks = 0;
  // Each block is the hash of the seed and its number.
  const randomBytes = (size, done) => {
    if (done !== undefined) throw new TypeError("randomBytes takes no callback here");
    if (!Number.isInteger(size) || size < 0 || size > LARGEST) throw new RangeError(`"size" is a whole number from 0 to ${LARGEST}`);
    const bytes = Buffer.alloc(size);
    for (let at = 0; at < size; at += 64) {
      const block = sha512.create().update(seed).update(Buffer.from(String((blocks += 1)))).digest();
      bytes.set(block.subarray(0, Math.min(64, size - at)), at);
    }
    return bytes;
  };
  const randomInt = (first, second) => {
    const [least, end] = second === undefined ? [0, first] : [first, second];
    const range = end - least;
    if (!Number.isSafeInteger(least) || !Number.isSafeInteger(end) || range <= 0 || range > 2 ** 48)
      throw new RangeError("randomInt takes whole numbers: the end, or the least and the end, at most 2^48 apart");
    const limit = 2 ** 48 - (2 ** 48 % range);
    for (;;) {
      const number = randomBytes(6).readUIntBE(0, 6);
      if (number < limit) return least + (number % range);
    }
  };
  const randomUUID = () => {
    const bytes = randomBytes(16);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  };
  const getRandomValues = (array) => {
    bytesOf(array).set(randomBytes(array.byteLength));
    return array;
  };
  const timingSafeEqual = (a, b) => {
    const [left, right] = [a, b].map((data, at) => {
      if (typeof data === "string") throw new TypeError(`the "buf${at + 1}" is a Buffer, a typed array or an ArrayBuffer`);
      return bytesOf(data, undefined, `buf${at + 1}`);
    });
    if (left.length !== right.length) throw new RangeError("Input buffers must have the same byte length");
    let different = 0;
    for (let at = 0; at < left.length; at += 1) different |= left[at] ^ right[at];
    return different === 0;
  };
  const crypto = {
    createHash: (name) => new Digest(hashOf(name).create()),
    createHmac: (name, key) => new Digest(hmac.create(hashOf(name), bytesOf(key, "utf8", "key"))),
    getHashes: () => Object.keys(HASHES),
    getRandomValues, randomBytes, randomInt, randomUUID, timingSafeEqual,
  };
  const begin = (hex) => {
    seed = Buffer.from(hex, "hex");
    blocks = 0;
  };
  return { Buffer, crypto, begin, classes: [Digest] };
};
