// The methods of built-in objects that depend on a locale: QuickJS has no locales, the library "intl" has.
(function (library, replace) {
  "use strict";

  const { getPrototypeOf } = Object;
  const { apply } = Reflect;
  const { toString: numberToString } = Number.prototype;
  const { valueOf: bigIntValueOf } = BigInt.prototype;
  const { getTime } = Date.prototype;
  const thisNumber = (value) => (typeof value === "number" ? value : Number(apply(numberToString, value, [])));
  const joined = function (locales, options) {
    const texts = [];
    for (let at = 0; at < this.length; at += 1) texts.push(this[at] == null ? "" : String(this[at].toLocaleString(locales, options)));
    return texts.join(",");
  };
  const dateText = (kind) => function (locales, options) {
    return library("intl").dateText(apply(getTime, this, []), locales, options, kind);
  };
  const inLocale = (method) => function (locales) {
    if (locales !== undefined) library("intl").localeOf(locales);
    return apply(method, this, []);
  };
  replace(Number.prototype, { toLocaleString(locales, options) { return library("intl").numberText(thisNumber(this), locales, options); } });
  replace(BigInt.prototype, { toLocaleString(locales, options) { return library("intl").numberText(apply(bigIntValueOf, this, []), locales, options); } });
  replace(Date.prototype, { toLocaleString: dateText("any"), toLocaleDateString: dateText("date"), toLocaleTimeString: dateText("time") });
  replace(Array.prototype, { toLocaleString: joined });
  replace(getPrototypeOf(Int8Array.prototype), { toLocaleString: joined });
  replace(String.prototype, {
    localeCompare(other, locales, options) { return library("intl").compare(`${this}`, `${other}`, locales, options); },
    toLocaleUpperCase: inLocale(String.prototype.toUpperCase),
    toLocaleLowerCase: inLocale(String.prototype.toLowerCase),
  });
})
