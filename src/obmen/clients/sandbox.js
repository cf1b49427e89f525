// The inside of a sandbox: called once per context by sandbox.py, gives back `answer` and `install`.
//
// Law: a run leaves nothing behind. Every object a run can reach that outlives it is frozen; what it adds to the global
// object is removed after it; a context that cannot be cleaned says so (`soiled`) and is thrown away by sandbox.py.
//
// lodash and moment are shared by the runs and frozen. What a run would change of them it is not told of: it is ended, and run again
// with libraries of its own (`again`: "own"); expressions and code have no effects, so nobody notices. In the same way a run is ended
// that uses Intl or crypto before they are there (`again`: "intl", "node"): sandbox.py installs them outside the limits of a run.
(function (given) {
  "use strict";

  const { makeLodash, makeMoment, momentLocales, shareMoment, correctLocalTime, dependOnLocale, mark, timeZone } = given;
  const { parse, stringify } = JSON;
  const { defineProperty, freeze, getOwnPropertyDescriptor, getPrototypeOf, hasOwn, isExtensible } = Object;
  const { apply, construct, deleteProperty, getOwnPropertyDescriptor: describe, has, ownKeys } = Reflect;
  const { isError } = Error;
  const evaluate = eval; // called by another name it sees the global scope only
  const call = Function.prototype.call;
  const sourceOf = call.bind(Function.prototype.toString);
  const stackOf = call.bind(getOwnPropertyDescriptor(Error.prototype, "stack").get);
  const callers = getPrototypeOf(function () {});

  // ---- What is removed: waiting, shared memory, callbacks of the garbage collector, and CallSite (it hands out functions).
  for (const name of ["Atomics", "SharedArrayBuffer", "WeakRef", "FinalizationRegistry", "queueMicrotask", "performance"])
    delete globalThis[name];
  delete Error.prepareStackTrace;
  delete Error.stackTraceLimit;
  delete RegExp.prototype.compile; // it changes a pattern although its object is frozen
  BigInt.prototype.toJSON = function toJSON() {
    throw new TypeError("a BigInt is no JSON value, convert it with Number() or String()");
  };

  // ---- Runs that have to be run again.
  let wanted = null; // what for
  const AGAIN = freeze(new Error("this run is run again"));
  const demand = (what) => {
    wanted ??= what;
    throw AGAIN;
  };
  const demandOwn = () => demand("own");
  const installed = {};
  let isMaking = false; // whether lodash or moment is being made: they look for Buffer
  const library = (name) => (isMaking ? {} : (installed[name] ?? demand(name)));

  // ---- Dates: what becomes JSON is noted, so that an answer without dates is not searched for them.
  correctLocalTime();
  let isDated = false;
  const onDate = () => { isDated = true; };
  const replace = (prototype, methods) => {
    for (const key of ownKeys(methods)) defineProperty(prototype, key, { value: methods[key], writable: true, enumerable: false, configurable: true });
  };
  const nativeToJSON = Date.prototype.toJSON;
  replace(Date.prototype, {
    toJSON(key) {
      onDate();
      return apply(nativeToJSON, this, [key]);
    },
  });

  dependOnLocale(library, replace);

  // ---- What is frozen.
  // A frozen property forbids `object.toString = …` on everything that inherits it; an accessor that defines it there does not.
  const refuseChange = (key) => { throw new TypeError(`'${key}' of a built-in object is read-only`); };
  const letHeirsOverride = (prototype, key, onChange = refuseChange) => {
    const { value, writable, configurable, enumerable } = getOwnPropertyDescriptor(prototype, key);
    if (!writable || !configurable) return;
    const set = function (next) {
      if (this === prototype) onChange(key);
      defineProperty(this, key, { value: next, writable: true, enumerable: true, configurable: true });
    };
    defineProperty(prototype, key, { get: () => value, set, enumerable, configurable: true });
  };

  const frozen = new WeakSet([globalThis]);
  const freezeAll = (...roots) => {
    while (roots.length) {
      const object = roots.pop();
      if (object === null || (typeof object !== "object" && typeof object !== "function") || frozen.has(object)) continue;
      frozen.add(freeze(object));
      roots.push(getPrototypeOf(object));
      for (const key of ownKeys(object)) {
        const { value, get, set } = getOwnPropertyDescriptor(object, key);
        roots.push(value, get, set);
      }
    }
  };

  const builtIns = ownKeys(globalThis).map((key) => globalThis[key]).filter((value) => value !== globalThis);
  for (const { prototype } of [...builtIns, getPrototypeOf(Int8Array)].filter((value) => typeof value === "function" && value.prototype))
    if (prototype !== Iterator.prototype)
      for (const key of ownKeys(prototype)) if (typeof key === "string") letHeirsOverride(prototype, key);
  freezeAll(
    ...builtIns,
    callers, // and what no global name leads to:
    function* () {}, async function () {}, async function* () {}, (function* () {})(), (async function* () {})(),
    (function () { return arguments; })(), [].values(), [].values().map(String), new Map().entries(), new Set().values(), ""[Symbol.iterator](),
    "".matchAll(/./g), Iterator.from({ next() {} }), Iterator.concat && Iterator.concat(), new Int8Array().values(),
  );

  // A view of a shared library: reading one of its functions gives a view of that; what could change it demands a library of the
  // run's own, and so does reading an object, through which it could be changed.
  const viewOf = (target, views, check) => {
    if (views.has(target)) return views.get(target);
    const seen = (value) => {
      if (typeof value === "function") return viewOf(value, views);
      return value !== null && typeof value === "object" ? demandOwn() : value;
    };
    const view = new Proxy(function () {}.bind(), {
      apply: (_, self, given) => {
        if (check !== undefined) check(given);
        return apply(target, self, given);
      },
      construct: (_, given, newTarget) => construct(target, given, newTarget === view ? target : newTarget),
      get: (_, key) => seen(target[key]),
      has: (_, key) => has(target, key),
      ownKeys: () => ownKeys(target).filter((key) => key !== "prototype"),
      getOwnPropertyDescriptor: (_, key) => {
        const found = key === "prototype" ? undefined : describe(target, key);
        return found && { value: seen(target[key]), writable: true, enumerable: found.enumerable, configurable: true };
      },
      set: demandOwn, defineProperty: demandOwn, deleteProperty: demandOwn, setPrototypeOf: demandOwn, preventExtensions: demandOwn,
    });
    frozen.add(view); // in its way
    views.set(target, view);
    return view;
  };

  const lodash = makeLodash();
  let count = 0;
  lodash.mixin({ uniqueId: (prefix) => (prefix == null ? "" : String(prefix)) + ++count }, { chain: false });
  const lodashViews = new Map();
  lodash.placeholder = viewOf(lodash, lodashViews); // scripts know lodash by its view only
  let hidden = [];
  lodash.isEqualWith([1], [1], (...seen) => { hidden.push(seen[5]); });
  hidden = hidden.filter(Boolean).flatMap((stack) => [stack, stack.__data__]);
  const { cache } = lodash.memoize(() => 1);
  freezeAll(lodash, lodash([1]).map(String), lodash([1]).map(String).__wrapped__, lodash.chain(1), ...hidden, cache,
    ...Object.values(cache.__data__));

  const moments = shareMoment(makeMoment, momentLocales, { demandOwn, letHeirsOverride, freezeAll, onDate });
  let momentViews = new Map();
  const sharedMoment = () => {
    const moment = moments.shared();
    if (!momentViews.has(moment)) momentViews = new Map();
    return viewOf(moment, momentViews, moments.check);
  };

  // ---- The global names.
  let isOwn = false; // whether the present source gets libraries of its own
  let own = {}; // what the offered names are for the present run
  const offer = (name, make) => {
    const get = () => {
      if (!hasOwn(own, name)) {
        const made = make();
        if (isMaking) return made;
        own[name] = made;
      }
      return own[name];
    };
    const set = (value) => { own[name] = value; };
    defineProperty(globalThis, name, { get: freeze(get), set: freeze(set), enumerable: false, configurable: false });
  };
  const making = (make) => {
    if (isMaking) return undefined; // a library looks at its own name while it is made
    isMaking = true;
    try {
      return make();
    } finally {
      isMaking = false;
    }
  };
  offer("_", () => (isOwn ? making(() => lodash.runInContext()) : viewOf(lodash, lodashViews)));
  offer("moment", () => making(isOwn ? moments.own : sharedMoment));
  offer("Intl", () => library("intl").Intl);
  let seed = ""; // of the present run's random bytes
  offer("crypto", () => {
    const { begin, crypto } = library("node");
    begin(seed);
    return crypto;
  });
  offer("Buffer", () => library("node").Buffer);
  for (const key of ownKeys(globalThis)) {
    const { value } = getOwnPropertyDescriptor(globalThis, key);
    if (value !== undefined) defineProperty(globalThis, key, { value, writable: false, configurable: false });
  }
  const names = new Set(ownKeys(globalThis));

  const clean = () => {
    own = {};
    count = 0;
    moments.clean();
    if (ownKeys(globalThis).length !== names.size)
      for (const key of ownKeys(globalThis)) if (!names.has(key)) deleteProperty(globalThis, key);
    return ownKeys(globalThis).length === names.size && isExtensible(globalThis) && getPrototypeOf(globalThis) === Object.prototype;
  };

  // ---- Sources and their compiled functions.
  const LINES_BEFORE = 1000; // blank lines before a source: so a line of a stack trace tells whose it is
  const CACHED_CHARACTERS = 262144;
  const RESERVED = new Set(("break case catch class const continue debugger default delete do else enum export extends false finally for " +
    "function if import in instanceof new null return super switch this throw true try typeof var void while with").split(" "));
  const isName = (word) => /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u.test(word) && !RESERVED.has(word);
  const blank = "\n".repeat(LINES_BEFORE);

  // Both texts must be whole functions: otherwise the source closed one and went on outside, maybe with a state of its own.
  const compile = (isCode, source, parameters) => {
    const inner = isCode ? `function () {\n${source}\n}` : `function () {return (\n${source}\n)}`;
    const outer = `(${parameters.join(",")})=>{return ${inner}}`;
    const made = evaluate(`${blank}(${outer})`);
    if (typeof made !== "function" || sourceOf(made) !== outer || sourceOf(made()) !== inner)
      throw new SyntaxError("unexpected token: '}'");
    if (!isCode) evaluate(`${blank}()=>[\n${source}\n]`); // an expression closes no bracket it has not opened
    return made;
  };

  const sources = new Map();
  let characters = 0;
  const sourceFor = (text, isCode) => {
    const key = (isCode ? "c" : "e") + text;
    let source = sources.get(key);
    if (source === undefined) {
      if ((characters += text.length + LINES_BEFORE) > CACHED_CHARACTERS) {
        sources.clear();
        characters = text.length + LINES_BEFORE;
      }
      source = {
        // Names can be spelled so that no reading finds them: then every variable is handed over.
        words: /\beval\b|\\u/.test(text) ? null : [...new Set(text.match(/[^\x00-#%-/:-@[-^`{-\x7f\s]+/g))].filter(isName),
        // Through these it gets at the inside of what moment makes, which no view guards.
        isOwn: /__proto__|constructor|PrototypeOf|_locale|localeData|\.lang\b/.test(text),
        body: isCode ? text : text.replace(/[;\s]+$/, "") || "undefined",
        compiled: new Map(),
      };
      sources.set(key, source);
    }
    return source;
  };

  const valueOf = (source, isCode, variables) => {
    const parameters = (source.words ?? ownKeys(variables).filter(isName)).filter((name) => hasOwn(variables, name));
    const key = parameters.join(",");
    let made = source.compiled.get(key);
    if (made === undefined) {
      made = compile(isCode, source.body, parameters);
      if (source.compiled.size > 16) source.compiled.clear();
      source.compiled.set(key, made);
    }
    return made(...parameters.map((name) => variables[name])).call(undefined);
  };

  const store = (variables, path, value) => {
    const keys = path.split(".");
    const last = keys.pop();
    let object = variables;
    const put = (key, item) => defineProperty(object, key, { value: item, writable: true, enumerable: true, configurable: true });
    for (const key of keys) {
      const inner = hasOwn(object, key) ? object[key] : null;
      if (inner === null || typeof inner !== "object") put(key, {});
      object = object[key];
    }
    put(last, value);
  };

  // ---- Failures.
  const line = (error) => {
    for (const [, found] of String(stackOf(error)).matchAll(/<input>:(\d+)/g))
      if (Number(found) > LINES_BEFORE) return Math.max(1, Number(found) - LINES_BEFORE - 1);
    return null;
  };

  const told = (error) => {
    if (isError(error)) return error.message === "" ? `${error.name}` : `${error.name}: ${error.message}`;
    if (error === "") return '""';
    if (error === null || typeof error !== "object") return String(error);
    if (typeof error.message === "string" && error.message !== "") return error.message;
    let json;
    try {
      json = stringify(error);
    } catch {} // it leads back to itself
    return json === undefined || json === "{}" ? String(error) : String(json);
  };

  const failure = (error) => {
    try {
      // Where there is no memory for an error, the engine throws null; so may a source, and then nobody knows which it was.
      if (error === null) return { kind: /\bthrow\b|reject|\beval\b|\\u|constructor|Function/.test(present?.body) ? "null" : "memory" };
      const problem = told(error).slice(0, 1000);
      if (problem.startsWith("InternalError: out of memory")) return { kind: "memory" };
      if (problem === "RangeError: Maximum call stack size exceeded") return { kind: "stack" };
      return { kind: "thrown", problem, line: isError(error) ? line(error) : null };
    } catch {
      return { kind: "thrown", problem: "an error that cannot be shown", line: null };
    }
  };

  // ---- Values that leave: JSON in which a date is its ISO text behind `mark`, which nobody outside knows.
  const ISO = /^(?:\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
  const isDate = (value) => value !== null && typeof value === "object" && (value instanceof Date || value._isAMomentObject === true);
  const withMark = function (key, value) {
    return typeof value === "string" && isDate(this[key]) && ISO.test(value) ? mark + value : value;
  };
  const revive = (key, value) => (typeof value === "string" && value.startsWith(mark) ? new Date(value.slice(mark.length)) : value);
  const jsonOf = (value) => {
    isDated = false;
    const json = stringify(value) ?? "null";
    return isDated ? stringify(value, withMark) : json;
  };

  // ---- One request, as JSON text: `{"v": variables, "d": [path of a date in them, …], "e": [[source, into], …]}`, or "c": code for "e".
  let at = 0; // the place of the source that is run, and itself
  let present;
  const perform = (text, mustOwn) => {
    const { v: variables, d: dates, e: expressions, c: code } = parse(text);
    for (const path of dates) {
      const key = path.pop();
      const holder = path.reduce((object, step) => object[step], variables);
      holder[key] = new Date(holder[key]);
    }
    const isCode = code !== undefined;
    const pairs = isCode ? [[code, null]] : expressions;
    isOwn = mustOwn;
    for (const pair of pairs) isOwn = (pair[0] = sourceFor(pair[0], isCode)).isOwn || isOwn;
    const answers = [];
    for (const [source, into] of pairs) {
      present = source;
      const value = valueOf(source, isCode, variables);
      if (value instanceof Promise) return { kind: "promise" };
      const json = jsonOf(value);
      answers.push(json);
      if (into !== null) store(variables, into, isDated ? parse(json, revive) : parse(json));
      at += 1;
    }
    return answers;
  };

  const install = (name, make) => {
    const made = make(undefined, {});
    installed[name] = name === "intl" ? made.default(timeZone) : made.default();
    freezeAll(installed[name]);
  };

  // `answer(request, mustOwn, seed)`: `mustOwn` gives the run libraries of its own, from `seed` come random bytes.
  // `answer(name, make)` installs a library; `answer()` is the place of the source that was cut off.
  return (text, mustOwn, entropy) => {
    if (text === undefined) return at;
    if (typeof mustOwn === "function") return install(text, mustOwn);
    at = 0;
    present = undefined;
    wanted = null;
    seed = entropy;
    let found;
    try {
      found = perform(text, mustOwn);
    } catch (error) {
      found = failure(error);
    }
    const isClean = clean() && found.kind !== "memory" && found.kind !== "null";
    const soiled = isClean ? "" : '"soiled":true,';
    if (wanted !== null) {
      if (wanted === "own") present.isOwn = true;
      return ['{"again":"', wanted, '",', soiled, '"values":[]}'].join("");
    }
    // Joined, not concatenated: QuickJS makes a rope of a long concatenation, which its Python binding cannot take.
    return found.kind === undefined
      ? ["{", soiled, '"values":[', found.join(","), "]}"].join("")
      : ["{", soiled, '"failure":', stringify({ ...found, at }), "}"].join("");
  };
})
