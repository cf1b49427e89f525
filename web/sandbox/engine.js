// What @formatjs asks of the engine's own Intl; the sandbox gives this bundle an object of its own by that name.
import ListFormat from "@formatjs/intl-listformat";
import { NumberFormat } from "@formatjs/intl-numberformat";
import { PluralRules } from "@formatjs/intl-pluralrules";

// A date is put together of whole numbers without grouping: far quicker without a NumberFormat for each.
class WholeNumber {
  constructor(locales, options) {
    if (options?.useGrouping !== false) return new NumberFormat(locales, options);
    this.digits = options.minimumIntegerDigits ?? 1;
  }
  format(number) {
    return String(number).padStart(this.digits, "0");
  }
}

const getCanonicalLocales = (locales) => [].concat(locales ?? []);
Object.assign(Intl, { NumberFormat: WholeNumber, PluralRules, ListFormat, getCanonicalLocales });
