// Intl and the methods of built-in objects that depend on a locale, over formatter() and compare(): every object that a
// script gets hold of is made for it, none leads to what is kept between runs.
import { Collator, compareIn } from "./collation.js";
import { formatter, setTimeZone } from "./formats.js";
import { isKnown, localeOf } from "./locales.js";

const NUMBER = ["style", "currency", "currencyDisplay", "currencySign", "unit", "unitDisplay", "minimumIntegerDigits", "minimumFractionDigits",
  "maximumFractionDigits", "minimumSignificantDigits", "maximumSignificantDigits", "roundingIncrement", "roundingMode", "roundingPriority",
  "trailingZeroDisplay", "useGrouping", "notation", "compactDisplay", "signDisplay"];
const DATE = ["weekday", "year", "month", "day"];
const TIME = ["dayPeriod", "hour", "minute", "second", "fractionalSecondDigits"];
const STYLES = ["dateStyle", "timeStyle"];
const OPTIONS = {
  NumberFormat: NUMBER,
  DateTimeFormat: [...DATE, ...TIME, ...STYLES, "era", "timeZone", "timeZoneName", "hour12", "hourCycle", "formatMatcher"],
  PluralRules: ["type", ...NUMBER.slice(6, 15)],
  RelativeTimeFormat: ["style", "numeric"],
  ListFormat: ["type", "style"],
};
const ONLY = { numberingSystem: ["latn"], calendar: ["gregory", "iso8601"], localeMatcher: ["lookup", "best fit"] };

// The options that the standard knows, as plain values, read once.
const read = (name, options) => {
  if (options === null) throw new TypeError("options are null");
  const found = {};
  for (const key of OPTIONS[name]) {
    const value = options?.[key];
    if (value !== undefined) found[key] = typeof value === "object" || typeof value === "function" ? String(value) : value;
  }
  for (const [key, values] of Object.entries(ONLY)) {
    const value = options?.[key];
    if (value !== undefined && !values.includes(String(value)))
      throw new RangeError(`${key} '${value}' is not available; available: ${values.join(", ")}`);
  }
  return found;
};

const formatterOf = (name, locale, found) => {
  try {
    return formatter(name, locale, found);
  } catch (error) {
    if (error instanceof RangeError && found.timeZone !== undefined && /timeZone/.test(error.message))
      throw new RangeError(`time zone '${found.timeZone}' is not available`);
    throw error;
  }
};

// @formatjs takes the power of ten of a number below 10⁻⁶ for one of the largest; so small a number has no shorter form than the
// standard one, rounded as compact notation rounds.
const ROUNDING = NUMBER.slice(7, 12);
const isTiny = (value) => typeof value !== "bigint" && Number(value) !== 0 && Math.abs(Number(value)) < 1e-6;
const compact = (made, locale, found) => {
  const rounded = ROUNDING.some((key) => found[key] !== undefined) ? {} : { minimumSignificantDigits: 1, maximumSignificantDigits: 2 };
  const options = { ...found, ...rounded, notation: "standard", compactDisplay: undefined };
  const chosen = (value) => (isTiny(value) ? formatterOf("NumberFormat", locale, options) : made);
  return {
    format: (value) => chosen(value).format(value),
    formatToParts: (value) => chosen(value).formatToParts(value),
    resolvedOptions: () => made.resolvedOptions(),
  };
};

const formatterFor = (name, locales, options) => {
  const locale = localeOf(locales);
  const found = read(name, options);
  const made = formatterOf(name, locale, found);
  if (name !== "NumberFormat" || found.notation !== "compact") return made;
  if (found.style === "percent") throw new RangeError("compact notation of percents is not available"); // @formatjs drops the sign
  return compact(made, locale, found);
};

const inner = new WeakMap(); // the formatter of each object of Intl
const innerOf = (object, name) => {
  const found = inner.get(object);
  if (found?.name !== name) throw new TypeError(`this is no Intl.${name}`);
  return found.formatter;
};

const ordered = (object, keys) => Object.fromEntries(keys.filter((key) => object[key] !== undefined).map((key) => [key, object[key]]));
const copied = (parts) => parts.map((part) => ({ ...part }));

// Constructors are functions: NumberFormat, DateTimeFormat and Collator may be called without `new`.
const constructor = (name, needsNew, make, methods) => {
  const made = { [name]: function (locales, options) {
    if (new.target === undefined && needsNew) throw new TypeError(`Intl.${name} needs 'new'`);
    const object = new.target === undefined ? Object.create(made.prototype) : this;
    inner.set(object, { name, formatter: make(locales, options) });
    return object;
  } }[name];
  for (const [key, method] of Object.entries(methods)) {
    const value = { [key](...given) { return method(innerOf(this, name), ...given); } }[key];
    Object.defineProperty(made.prototype, key, { value, writable: true, enumerable: false, configurable: true });
  }
  Object.defineProperty(made.prototype, Symbol.toStringTag, { value: `Intl.${name}`, configurable: true });
  const supportedLocalesOf = (locales) => [].concat(locales ?? []).filter(isKnown);
  Object.defineProperty(made, "supportedLocalesOf", { value: supportedLocalesOf, writable: true, configurable: true });
  Object.defineProperty(made, "length", { value: 0, configurable: true });
  return made;
};

// `format` and `compare` are getters of functions that need no `this`.
const withBound = (made, key, name) => {
  const { value: method } = Object.getOwnPropertyDescriptor(made.prototype, key);
  const bound = new WeakMap();
  const get = function () {
    innerOf(this, name);
    if (!bound.has(this)) bound.set(this, (...given) => method.apply(this, given));
    return bound.get(this);
  };
  Object.defineProperty(made.prototype, key, { get, enumerable: false, configurable: true });
  return made;
};

const dateOf = (value) => {
  const time = value === undefined ? Date.now() : Number(value);
  if (!Number.isFinite(time) || Math.abs(time) > 8.64e15) throw new RangeError("Invalid time value");
  return time;
};

const HOUR_CYCLES = ["hourCycle", "hour12"];
const NumberFormat = withBound(constructor("NumberFormat", false, (l, o) => formatterFor("NumberFormat", l, o), {
  format: (f, value) => f.format(value),
  formatToParts: (f, value) => copied(f.formatToParts(value)),
  resolvedOptions: (f) => ordered(f.resolvedOptions(), ["locale", "numberingSystem", ...NUMBER.slice(0, 11), "useGrouping", "notation",
    "compactDisplay", "signDisplay", "roundingIncrement", "roundingMode", "roundingPriority", "trailingZeroDisplay"]),
}), "format", "NumberFormat");
const DateTimeFormat = withBound(constructor("DateTimeFormat", false, (l, o) => formatterFor("DateTimeFormat", l, o), {
  format: (f, date) => f.format(dateOf(date)),
  formatToParts: (f, date) => copied(f.formatToParts(dateOf(date))),
  resolvedOptions: (f) => ordered(f.resolvedOptions(), ["locale", "calendar", "numberingSystem", "timeZone", ...HOUR_CYCLES, "weekday", "era",
    "year", "month", "day", ...TIME, "timeZoneName", ...STYLES]),
}), "format", "DateTimeFormat");
const PluralRules = constructor("PluralRules", true, (l, o) => formatterFor("PluralRules", l, o), {
  select: (f, value) => f.select(Number(value)),
  resolvedOptions: (f) => {
    const found = f.resolvedOptions();
    return ordered({ ...found, pluralCategories: [...found.pluralCategories] }, ["locale", "type", ...NUMBER.slice(6, 11), "pluralCategories"]);
  },
});
const RelativeTimeFormat = constructor("RelativeTimeFormat", true, (l, o) => formatterFor("RelativeTimeFormat", l, o), {
  format: (f, value, unit) => f.format(Number(value), String(unit)),
  formatToParts: (f, value, unit) => copied(f.formatToParts(Number(value), String(unit))),
  resolvedOptions: (f) => ({ ...f.resolvedOptions() }),
});
const ListFormat = constructor("ListFormat", true, (l, o) => formatterFor("ListFormat", l, o), {
  format: (f, list) => f.format(Array.from(list ?? [])),
  formatToParts: (f, list) => copied(f.formatToParts(Array.from(list ?? []))),
  resolvedOptions: (f) => ({ ...f.resolvedOptions() }),
});
const collatorOf = withBound(constructor("Collator", false, (l, o) => new Collator(localeOf(l), o), {
  compare: (f, a, b) => f.compare(String(a), String(b)),
  resolvedOptions: (f) => ({ ...f.resolved }),
}), "compare", "Collator");

// What Date's three methods add where neither a part nor a style is asked for.
const NUMERIC = (keys) => Object.fromEntries(keys.map((key) => [key, "numeric"]));
const ADDED = { any: NUMERIC(["year", "month", "day", "hour", "minute", "second"]), date: NUMERIC(["year", "month", "day"]), time: NUMERIC(["hour", "minute", "second"]) };
const ASKED = { any: [...DATE, ...TIME], date: DATE, time: TIME };

const dateText = (time, locales, options, kind) => {
  const found = read("DateTimeFormat", options);
  const other = { date: "timeStyle", time: "dateStyle" }[kind];
  if (found[other] !== undefined) throw new TypeError(`${other} says nothing of a ${kind}`);
  const isAsked = [...ASKED[kind], ...STYLES].some((key) => found[key] !== undefined);
  const format = formatterFor("DateTimeFormat", locales, isAsked ? found : { ...found, ...ADDED[kind] });
  return Number.isNaN(time) ? "Invalid Date" : format.format(time);
};

export default (timeZone) => {
  setTimeZone(timeZone);
  return {
    Intl: Object.defineProperty({ NumberFormat, DateTimeFormat, PluralRules, RelativeTimeFormat, ListFormat, Collator: collatorOf,
      getCanonicalLocales: (locales) => (locales === undefined ? [] : [].concat(locales).map((name) => localeOf(name))),
    }, Symbol.toStringTag, { value: "Intl" }),
    numberText: (number, locales, options) => formatterFor("NumberFormat", locales, options).format(number),
    dateText,
    compare: (a, b, locales, options) => compareIn(localeOf(locales), options).compare(String(a), String(b)),
    localeOf,
  };
};
