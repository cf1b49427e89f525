// The formatters of @formatjs with the locale data of the build, each made once per locale and options.
import "./engine.js";
import { DateTimeFormat } from "@formatjs/intl-datetimeformat";
import ListFormat from "@formatjs/intl-listformat";
import { NumberFormat } from "@formatjs/intl-numberformat";
import { PluralRules } from "@formatjs/intl-pluralrules";
import RelativeTimeFormat from "@formatjs/intl-relativetimeformat";
import "@formatjs/intl-pluralrules/locale-data/en.js";
import "@formatjs/intl-pluralrules/locale-data/ru.js";
import data from "locale-data";
import { localeOf } from "./locales.js";

const KEPT = 256; // formatters

NumberFormat.__addLocaleData(...data.numbers);
DateTimeFormat.__addLocaleData(...data.dates);
ListFormat.__addLocaleData(...data.lists);
RelativeTimeFormat.__addLocaleData(...data.relativeTimes);
PluralRules.localeData["en-GB"] = PluralRules.localeData.en;

const zones = {};
for (const packed of data.zones) {
  const end = packed.indexOf("|");
  const unpack = () => packed.slice(end + 1).split("|").map((entry) => {
    const [start, offset, dst] = entry.split(",");
    return [start === "" ? -Infinity : parseInt(start, 36), "", parseInt(offset, 36), dst === "1"];
  });
  let unpacked;
  Object.defineProperty(zones, packed.slice(0, end), { enumerable: true, get: () => (unpacked ??= unpack()) });
}
DateTimeFormat.tzData = zones;

export const setTimeZone = (zone) => DateTimeFormat.__setDefaultTimeZone(zone);

const CONSTRUCTORS = { NumberFormat, DateTimeFormat, PluralRules, ListFormat, RelativeTimeFormat };
const made = new Map();

// `options` holds plain values only.
export const formatter = (name, locales, options) => {
  const locale = localeOf(locales);
  const key = `${name} ${locale} ${JSON.stringify(options)}`;
  let found = made.get(key);
  if (found === undefined) {
    if (made.size >= KEPT) made.clear();
    made.set(key, (found = new CONSTRUCTORS[name](locale, options)));
  }
  return found;
};
