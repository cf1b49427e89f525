// moment, shared by the runs of a context as long as none changes it. `make` makes a moment with a loader of its locales.
(function (make, locales, inside) {
  "use strict";

  const { demandOwn, letHeirsOverride, freezeAll, onDate } = inside;
  const KEPT_CHARACTERS = 65536; // of format texts: moment keeps what it has made of each
  const LETTERS = "zzzz"; // no month, no weekday
  const names = ["en", ...Object.keys(locales)];

  // A locale that is not there is an error; moment itself would go on in the present one. A region is taken where moment has none of
  // it: `ru-RU`, but not `en-AU`, whose dates are not those of `en`.
  const isThere = (moment, name) => {
    const asked = String(name).toLowerCase().replaceAll("_", "-");
    const language = asked.split("-")[0];
    const there = [...names, ...moment.locales()];
    return there.includes(asked) || (language === "en" ? asked === "en-us" : there.includes(language));
  };
  const check = (moment, name) => {
    const asked = [].concat(name);
    if ((typeof name === "string" || Array.isArray(name)) && !asked.some((one) => isThere(moment, one)))
      throw new RangeError(`moment has no locale '${asked.join("', '")}'; it has: ${names.join(", ")}`);
  };

  // A moment whose methods check locales and tell when a moment is made JSON.
  const prepared = () => {
    const moment = make((path) => locales[path.slice("./locale/".length)](moment));
    const checkedIn = (object, method, at) => {
      const inner = object[method];
      object[method] = function (...given) {
        if (at > 0 || given[1] === undefined) check(moment, given[at]); // `locale(name, values)` defines one
        return inner.apply(this, given);
      };
    };
    for (const object of [moment, moment.fn, moment.duration.fn]) for (const method of ["locale", "lang"]) checkedIn(object, method, 0);
    checkedIn(moment, "localeData", 0);
    for (const method of ["utc", "parseZone"]) checkedIn(moment, method, 2);
    const { toJSON } = moment.fn;
    moment.fn.toJSON = function () {
      onDate();
      return toJSON.call(this);
    };
    return moment;
  };

  const own = () => {
    const moment = prepared();
    const apply = (target, self, given) => {
      check(moment, given[2]);
      return Reflect.apply(target, self, given);
    };
    return new Proxy(moment, { apply });
  };

  // What moment finds out on first use, and would keep in a locale that is frozen by then.
  const fill = (moment, name) => {
    const locale = moment.localeData(name);
    for (const isStrict of [true, false]) {
      for (const format of ["MMMM", "MMM"]) locale.monthsParse(LETTERS, format, isStrict);
      for (const format of ["dddd", "ddd", "dd"]) locale.weekdaysParse(LETTERS, format, isStrict);
      for (const key of ["monthsRegex", "monthsShortRegex", "weekdaysRegex", "weekdaysShortRegex", "weekdaysMinRegex"]) locale[key](isStrict);
    }
    for (const key of ["LT", "LTS", "L", "LL", "LLL", "LLLL", "l", "ll", "lll", "llll"]) locale.longDateFormat(key);
    for (const key of ["erasNameRegex", "erasAbbrRegex", "erasNarrowRegex"]) locale[key](true);
    for (const token of ["MMMM", "MMM", "dddd", "ddd", "dd", "Do", "N", "NNNN", "NNNNN"]) for (const isStrict of [true, false]) moment(LETTERS, token, name, isStrict);
    moment(0).locale(name).format("LLLL l ll lll llll N y Do Wo wo");
  };

  let kept = null; // the shared moment
  const shared = () => {
    if (kept !== null) return kept;
    const moment = prepared();
    const formats = new Set();
    kept = { moment, characters: 0, strayed: false };
    const mine = kept;
    const { locale } = moment;
    for (const name of Object.keys(locales)) moment.locale(name);
    moment.locale("en");
    for (const name of names) fill(moment, name);
    moment.locale = function (...given) {
      if (given[1] !== undefined) demandOwn();
      mine.strayed = true;
      return locale.apply(this, given);
    };
    moment.lang = moment.locale;
    const { relativeTimeThreshold, relativeTimeRounding } = moment;
    moment.relativeTimeThreshold = (unit, limit) => (limit === undefined ? relativeTimeThreshold(unit) : demandOwn());
    moment.relativeTimeRounding = (rounding) => (rounding === undefined ? relativeTimeRounding() : demandOwn());
    for (const method of ["defineLocale", "updateLocale", "localeData", "langData"]) moment[method] = demandOwn;
    const { format } = moment.fn;
    moment.fn.format = function (text) {
      if (typeof text === "string" && !formats.has(text)) {
        formats.add(text);
        mine.characters += text.length + 64;
      }
      return format.call(this, text);
    };
    for (const prototype of [moment.fn, moment.duration.fn])
      for (const key of Reflect.ownKeys(prototype)) if (typeof key === "string") letHeirsOverride(prototype, key, demandOwn);
    freezeAll(moment, ...names.map((name) => moment().locale(name)._locale), moment(), moment.duration(1));
    return kept;
  };

  return {
    own,
    shared: () => shared().moment,
    check: (given) => check(kept.moment, given[2]),
    // Called after each run.
    clean: () => {
      if (kept === null) return;
      if (kept.strayed) {
        kept.moment.locale("en");
        kept.strayed = false;
      }
      if (kept.characters > KEPT_CHARACTERS) kept = null;
    },
  };
})
