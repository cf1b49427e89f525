// Local time in zones whose offset changes: called once per context, before the built-in objects are frozen.
//
// QuickJS reads a local time as if it were UTC when it asks for the offset, and so is wrong for some hours around each change. Here
// the offset is the one that holds then; a time that a change skips is read with the offset before it, of two equal ones the first is
// meant (https://tc39.es/ecma262/#sec-utc-t).
(function () {
  "use strict";

  const Native = Date;
  const { UTC, parse } = Native;
  const { apply, construct } = Reflect;
  const { prototype } = Native;
  const { getTime, getTimezoneOffset, setTime } = prototype;
  const DAY = 86_400_000;

  const offsetAt = (instant) => apply(getTimezoneOffset, new Native(instant), []) * -60_000;
  const varies = () => {
    const first = offsetAt(0);
    for (let month = 0; month < 70 * 12; month += 1) if (offsetAt(UTC(1970, month)) !== first) return true;
    return false;
  };
  if (!varies()) return;

  const instantOf = (local) => {
    const before = offsetAt(local - DAY);
    if (offsetAt(local - before) === before) return local - before;
    const after = offsetAt(local + DAY);
    return local - (offsetAt(local - after) === after ? after : before);
  };

  // A text without a zone means local time, but for a day alone in ISO's form. `Z` at its end gives its local time back.
  const ISO_DAY = /^(?:[+-]\d{6}|\d{4})(?:-\d\d(?:-\d\d)?)?$/;
  const ZONED = /(?:^|[^a-z])(?:gmt|utc?|z|[ecmp][sd]t|[wce]es?t)|:\d.*?(?:\+\d|\s-\d)|T\d\d:\d\d.*-\d/i;
  const parseText = (text) => {
    const instant = parse(text);
    if (instant !== instant || ISO_DAY.test(text) || ZONED.test(text.replace(/\(.*/, ""))) return instant;
    const local = parse(/T\d\d:\d\d/.test(text) ? `${text}Z` : `${text} Z`);
    return local !== local ? instant : instantOf(local);
  };

  const toPrimitive = (object) => {
    if (object instanceof Native) return apply(getTime, object, []);
    const exotic = object[Symbol.toPrimitive];
    if (exotic != null) return apply(exotic, object, ["default"]);
    const value = object.valueOf();
    return value !== null && typeof value === "object" ? `${object}` : value;
  };

  const instantFrom = (given) => {
    if (given.length > 1) return instantOf(UTC(...given));
    const value = given[0] !== null && typeof given[0] === "object" ? toPrimitive(given[0]) : given[0];
    return typeof value === "string" ? parseText(value) : value;
  };

  const Local = function Date(...given) {
    if (new.target === undefined) return Native();
    return construct(Native, given.length === 0 ? given : [instantFrom(given)], new.target);
  };
  const define = (object, key, value) => Object.defineProperty(object, key, { value, writable: true, enumerable: false, configurable: true });
  for (const key of ["now", "UTC"]) define(Local, key, Native[key]);
  define(Local, "parse", { parse: (text) => parseText(`${text}`) }.parse);
  Object.defineProperty(Local, "length", { value: 7 });
  Object.defineProperty(Local, "prototype", { value: prototype, writable: false });
  define(prototype, "constructor", Local);
  define(globalThis, "Date", Local);

  for (const part of ["Milliseconds", "Seconds", "Minutes", "Hours", "Date", "Month", "FullYear"]) {
    const setUTC = prototype[`setUTC${part}`];
    const method = {
      [`set${part}`](...given) {
        const instant = apply(getTime, this, []);
        const local = new Native(instant !== instant && part === "FullYear" ? 0 : instant + offsetAt(instant));
        apply(setUTC, local, given);
        return apply(setTime, this, [instantOf(apply(getTime, local, []))]);
      },
    }[`set${part}`];
    Object.defineProperty(method, "length", { value: setUTC.length });
    define(prototype, `set${part}`, method);
  }
})
