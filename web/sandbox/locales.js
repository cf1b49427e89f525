// The locales that are there. Stands in for @formatjs/intl-localematcher too, which would take a near one silently.

const DATA = { en: "en", "en-US": "en", "en-GB": "en-GB", ru: "ru", "ru-RU": "ru" };
const DEFAULT = "en-US";
const NAMES = new Map(Object.keys(DATA).map((name) => [name.toLowerCase(), name]));

// The first of `locales`, a text or a list, that is there; the default where none is asked for.
export const localeOf = (locales) => {
  const asked = locales === undefined ? [] : [].concat(locales);
  if (asked.length === 0) return DEFAULT;
  for (const name of asked) {
    if (typeof name !== "string") throw new TypeError("a locale is a text such as 'ru-RU'");
    const found = NAMES.get(name.toLowerCase());
    if (found !== undefined) return found;
  }
  throw new RangeError(`locale '${asked.join(", ")}' is not available; available: ${Object.keys(DATA).join(", ")}`);
};

export const isKnown = (name) => NAMES.has(String(name).toLowerCase());

export const ResolveLocale = (available, [locale], { hc }) => ({ locale, dataLocale: DATA[locale], nu: "latn", ca: "gregory", hc: hc ?? undefined });
export const LookupSupportedLocales = (available, requested) => requested.filter(isKnown);
