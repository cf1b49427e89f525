// `npm run build`: makes dist/sandbox-intl.js and dist/sandbox-node.js, the libraries of the JavaScript sandbox that are put
// together from several packages. Each is a script that leaves its exports in `module.exports`.
import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { build } from "esbuild";

const LOCALES = ["en", "en-GB", "ru"];
const AT = { en: "at", "en-GB": "at", ru: "в" }; // CLDR's dateTimeFormats-atTime, which @formatjs leaves out

const dataOf = (name, file) => {
  const path = `node_modules/@formatjs/intl-${name.toLowerCase()}/${file}.js`;
  let data;
  const take = (given) => { data = given; };
  runInNewContext(readFileSync(path, "utf8"), { Intl: { [name]: { __addLocaleData: take, __addTZData: take } } });
  return data;
};

// As V8 has it: plain spaces in times and dates, and «в», "at" between a date in words and its time.
const dates = (entry) => {
  const word = ` '${AT[entry.locale]}' `;
  const text = JSON.stringify({ ...entry.data, ca: ["gregory"], calendarData: undefined });
  const data = JSON.parse(text.replaceAll("\u202f", " "));
  for (const style of ["full", "long"]) data.dateTimeFormat[style] = `{1}${word}{0}`;
  const { gregory } = data.formats;
  for (const [skeleton, pattern] of Object.entries(gregory)) {
    const [date, time] = skeleton.split(/, (?=[^,]*$)/);
    const tail = time && gregory[date] && `, ${gregory[time]}`;
    if (tail && pattern.endsWith(tail) && /MMMM|LLLL/.test(pattern)) gregory[skeleton] = pattern.slice(0, -tail.length) + word + gregory[time];
  }
  Object.assign(gregory, { m: "m", s: "s", "yMd, z": `${gregory.yMd}, z`, "yMd, zzzz": `${gregory.yMd}, zzzz` });
  data.formats = { gregory };
  return { ...entry, data };
};

// `zone|start,offset,dst|…`, numbers to the base of 36; an entry that changes nothing is left out.
const zones = ({ offsets, zones: packed }) => {
  const offsetOf = offsets.split("|");
  return packed.map((zone) => {
    const [name, ...entries] = zone.split("|");
    const kept = [];
    let last;
    for (const [start, , offset, dst] of entries.map((entry) => entry.split(","))) {
      const state = `${offsetOf[offset]},${dst}`;
      if (state !== last && start !== "NaN") kept.push(`${start},${state}`);
      last = state;
    }
    return [name, ...kept].join("|");
  });
};

const data = {
  numbers: LOCALES.map((locale) => dataOf("NumberFormat", `locale-data/${locale}`)),
  dates: LOCALES.map((locale) => dates(dataOf("DateTimeFormat", `locale-data/${locale}`))),
  lists: LOCALES.map((locale) => dataOf("ListFormat", `locale-data/${locale}`)),
  relativeTimes: LOCALES.map((locale) => dataOf("RelativeTimeFormat", `locale-data/${locale}`)),
  zones: zones(dataOf("DateTimeFormat", "add-all-tz")),
};

// Where @formatjs differs from CLDR and V8: a month beside a year alone stands by itself («январь 2026 г.»), and the names of eras
// and time zones have the form that was asked for.
const MENDED = [
  ['part.type === "day" || part.type === "year" || part.type === "relatedYear" || part.type === "yearName" || part.type === "weekday" || part.type === "era"',
    'part.type === "day"'],
  ["if (opt.dayPeriod !== void 0) internalSlots.dayPeriod = opt.dayPeriod;",
    "for (const prop of [\"dayPeriod\", \"era\", \"timeZoneName\"]) if (opt[prop] !== void 0) internalSlots[prop] = opt[prop];"],
  ['if (style === "long") offsetStr', 'if (style === "long" || style === "longOffset") offsetStr'],
];
const mended = (text) => MENDED.reduce((found, [before, after]) => {
  if (found.split(before).length !== 2) throw new Error(`@formatjs/intl-datetimeformat has changed, it lacks: ${before}`);
  return found.replace(before, after);
}, text);

const localeData = {
  name: "locale data",
  setup: ({ onResolve, onLoad }) => {
    onLoad({ filter: /intl-datetimeformat\/index\.js$/ }, ({ path }) => ({ contents: mended(readFileSync(path, "utf8")) }));
    onResolve({ filter: /^locale-data$/ }, () => ({ path: "locale-data", namespace: "data" }));
    onLoad({ filter: /./, namespace: "data" }, () => ({ contents: `export default JSON.parse(${JSON.stringify(JSON.stringify(data))})` }));
  },
};

await build({
  entryPoints: { "sandbox-intl": "sandbox/intl.js", "sandbox-node": "sandbox/node.js" },
  outdir: "dist",
  bundle: true,
  minify: true,
  charset: "utf8",
  format: "cjs",
  target: "es2022",
  legalComments: "none",
  alias: { "@formatjs/intl-localematcher": "./sandbox/locales.js" },
  plugins: [localeData],
});
