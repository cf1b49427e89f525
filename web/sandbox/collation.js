// Intl.Collator for Russian and English: CLDR's root collation, in Russian with Cyrillic before Latin.
import { ORDER } from "./collation-order.js";

const CHOICES = {
  usage: ["sort", "search"],
  sensitivity: ["base", "accent", "case", "variant"],
  caseFirst: ["upper", "lower", "false"],
  collation: ["default"],
};
const EXPANDED = { Æ: "AE", æ: "ae", Œ: "OE", œ: "oe", ß: "ss", ẞ: "SS" };
const UNLISTED = 20_000;

// Of each listed character: the rank of its letter, of its accent, of its case.
const weights = new Map();
const groups = ORDER.split("\u0001").map((group) => group.split("\u0002"));
groups.forEach((accents, letter) => accents.forEach((variants, accent) => [...variants].forEach((character, variant) => {
  weights.set(character, [letter + 1, accent, variant]);
})));
const rankOf = (character) => weights.get(character)[0];
const SYMBOLS = rankOf("`"); // what stands before these is punctuation
const CURRENCIES = rankOf("¤"); // and these are symbols
const DIGITS = rankOf("0");
const [LATIN, CYRILLIC] = [rankOf("a"), rankOf("а")];
const cyrillic = new Map(); // the weights for Russian: Cyrillic between the digits and Latin
for (const [character, [letter, accent, variant]] of weights)
  cyrillic.set(character, [letter < CYRILLIC ? letter : LATIN - 1 + (letter - CYRILLIC + 1) / 1000, accent, variant]);

const unlisted = (character) => {
  const code = character.codePointAt(0);
  if (/\p{M}/u.test(character)) return [0, code, 0];
  if (/[\p{Cc}\p{Cf}]/u.test(character)) return null;
  const small = character.toLowerCase();
  const isLetter = /[\p{L}\p{N}]/u.test(character);
  return [isLetter ? UNLISTED + small.codePointAt(0) : CURRENCIES - 1 + code / 0x200000, 0, small === character ? 0 : 1];
};

const elementsOf = (character, table) => {
  const listed = table.get(character);
  if (listed !== undefined) return [listed];
  const expanded = EXPANDED[character] ?? character.normalize("NFKD");
  if (expanded === character) return [unlisted(character)].filter(Boolean);
  return [...expanded].flatMap((part) => (part === character ? [] : elementsOf(part, table))).map(([letter, accent, variant]) => [letter, accent, variant + 2]);
};

// A run of digits as a number: how many there are, then which.
const numberOf = (digits) => {
  const significant = digits.replace(/^0+(?=\d)/, "");
  return [[DIGITS + significant.length / 1e6, 0, 0], ...[...significant].map((digit) => [rankOf(digit), 0, 0])];
};

const choose = (options, key, preset) => {
  const value = options?.[key];
  if (value === undefined) return preset;
  if (!CHOICES[key].includes(String(value))) throw new RangeError(`${key} '${value}' is not available; available: ${CHOICES[key].join(", ")}`);
  return String(value);
};

const difference = (a, b, level) => {
  const [left, right] = [a, b].map((elements) => elements.map((element) => element[level]).filter((rank) => level > 0 || rank > 0));
  for (let at = 0; at < Math.min(left.length, right.length); at += 1) if (left[at] !== right[at]) return left[at] < right[at] ? -1 : 1;
  return Math.sign(left.length - right.length);
};

export class Collator {
  constructor(locale, options) {
    if (options === null) throw new TypeError("options are null");
    const usage = choose(options, "usage", "sort");
    const sensitivity = choose(options, "sensitivity", "variant");
    const caseFirst = choose(options, "caseFirst", "false");
    const collation = choose(options, "collation", "default");
    const numeric = Boolean(options?.numeric ?? false);
    const ignorePunctuation = Boolean(options?.ignorePunctuation ?? false);
    this.resolved = { locale, usage, sensitivity, ignorePunctuation, collation, numeric, caseFirst };
    this.table = locale.startsWith("ru") ? cyrillic : weights;
    this.isPlain = sensitivity === "variant" && !numeric && !ignorePunctuation && caseFirst !== "upper";
  }

  elements(text) {
    const { numeric, ignorePunctuation } = this.resolved;
    const found = [];
    for (const part of text.normalize("NFC").match(numeric ? /[0-9]+|[^]/gu : /[^]/gu) ?? [])
      found.push(...(numeric && /^[0-9]/.test(part) ? numberOf(part) : elementsOf(part, this.table)));
    return ignorePunctuation ? found.filter(([letter]) => letter === 0 || letter >= SYMBOLS) : found;
  }

  compare(a, b) {
    if (a === b) return 0;
    return (this.isPlain ? this.compareListed(a, b) : undefined) ?? this.compareElements(a, b);
  }

  // Characters that are all listed need no elements; undefined where one is not.
  compareListed(a, b) {
    let accents = 0;
    let cases = 0;
    const shared = Math.min(a.length, b.length);
    for (let at = 0; at < shared; at += 1) {
      const left = this.table.get(a[at]);
      const right = this.table.get(b[at]);
      if (left === undefined || right === undefined) return undefined;
      if (left[0] !== right[0]) return this.isListed(a, at) && this.isListed(b, at) ? (left[0] < right[0] ? -1 : 1) : undefined;
      accents ||= left[1] - right[1];
      cases ||= left[2] - right[2];
    }
    if (a.length !== b.length) return this.isListed(a, shared) && this.isListed(b, shared) ? Math.sign(a.length - b.length) : undefined;
    return Math.sign(accents || cases);
  }

  // Whether what stands at `at` and behind it is listed, so that no mark changes the letter.
  isListed(text, at) {
    return [at, at + 1].every((place) => place >= text.length || this.table.has(text[place]));
  }

  compareElements(a, b) {
    const { sensitivity, caseFirst } = this.resolved;
    const [left, right] = [this.elements(a), this.elements(b)];
    const letters = difference(left, right, 0);
    if (letters !== 0 || sensitivity === "base") return letters;
    const accents = sensitivity === "case" ? 0 : difference(left, right, 1);
    if (accents !== 0 || sensitivity === "accent") return accents;
    return difference(left, right, 2) * (caseFirst === "upper" ? -1 : 1);
  }
}

const plain = new Map();
export const compareIn = (locale, options) => {
  if (options !== undefined) return new Collator(locale, options);
  if (!plain.has(locale)) plain.set(locale, new Collator(locale));
  return plain.get(locale);
};
