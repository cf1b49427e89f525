// The inside of a sandbox: called once per context with the factories of lodash and moment, gives back `answer`.
//
// Law: a run leaves nothing behind. Every object a run can reach that outlives it is frozen; what it adds to the global
// object is removed after it; moment is made anew for each run that uses it (its settings are all over its inside);
// a context that cannot be cleaned says so (`soiled`) and is thrown away by sandbox.py.
(function (makeLodash, makeMoment) {
  "use strict";

  const { parse, stringify } = JSON;
  const { defineProperty, freeze, getOwnPropertyDescriptor, getPrototypeOf, hasOwn, isExtensible } = Object;
  const { deleteProperty, ownKeys } = Reflect;
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
  BigInt.prototype.toJSON = function toJSON() {
    throw new TypeError("a BigInt is no JSON value, convert it with Number() or String()");
  };

  // ---- What is frozen.
  // A frozen property forbids `object.toString = …` on everything that inherits it; an accessor that defines it there does not.
  const letHeirsOverride = (prototype, key) => {
    const { value, writable, configurable, enumerable } = getOwnPropertyDescriptor(prototype, key);
    if (!writable || !configurable) return;
    const set = function (next) {
      if (this === prototype) throw new TypeError(`'${key}' of a built-in object is read-only`);
      defineProperty(this, key, { value: next, writable: true, enumerable: true, configurable: true });
    };
    defineProperty(prototype, key, { get: () => value, set, enumerable, configurable: true });
  };

  const frozen = new Set([globalThis]);
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
  for (const { prototype } of builtIns.filter((value) => typeof value === "function" && value.prototype))
    if (prototype !== Iterator.prototype)
      for (const key of ownKeys(prototype)) if (typeof key === "string") letHeirsOverride(prototype, key);
  freezeAll(
    ...builtIns,
    callers, // and what no global name leads to:
    function* () {}, async function () {}, async function* () {}, (function* () {})(), (async function* () {})(),
    (function () { return arguments; })(), [].values(), [].values().map(String), new Map().entries(), new Set().values(), ""[Symbol.iterator](),
    "".matchAll(/./g), Iterator.from({ next() {} }), Iterator.concat && Iterator.concat(), new Int8Array().values(),
  );

  const lodash = makeLodash();
  let count = 0;
  lodash.mixin({ uniqueId: (prefix) => (prefix == null ? "" : String(prefix)) + ++count }, { chain: false });
  let hidden = [];
  lodash.isEqualWith([1], [1], (...seen) => { hidden.push(seen[5]); });
  hidden = hidden.filter(Boolean).flatMap((stack) => [stack, stack.__data__]);
  const { cache } = lodash.memoize(() => 1);
  freezeAll(lodash, lodash([1]).map(String), lodash([1]).map(String).__wrapped__, lodash.chain(1), ...hidden, cache,
    ...Object.values(cache.__data__));

  // ---- The global names.
  let own = {}; // what `_` and `moment` are for the present run
  const offer = (name, make) => {
    const get = () => {
      if (!hasOwn(own, name)) {
        own[name] = undefined; // the library looks at its own name while it is made
        own[name] = make();
      }
      return own[name];
    };
    const set = (value) => { own[name] = value; };
    defineProperty(globalThis, name, { get: freeze(get), set: freeze(set), enumerable: false, configurable: false });
  };
  let alters = false; // whether the present source sets lodash up: then it gets one of its own
  offer("_", () => (alters ? lodash.runInContext() : lodash));
  offer("moment", makeMoment);
  for (const key of ownKeys(globalThis)) {
    const { value } = getOwnPropertyDescriptor(globalThis, key);
    if (value !== undefined) defineProperty(globalThis, key, { value, writable: false, configurable: false });
  }
  const names = new Set(ownKeys(globalThis));

  const clean = () => {
    own = {};
    count = 0;
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
        alters: /templateSettings|mixin/.test(text),
        body: isCode ? text : text.replace(/[;\s]+$/, "") || "undefined",
        compiled: new Map(),
      };
      sources.set(key, source);
    }
    return source;
  };

  const valueOf = (text, isCode, variables) => {
    const source = sourceFor(text, isCode);
    const parameters = (source.words ?? ownKeys(variables).filter(isName)).filter((name) => hasOwn(variables, name));
    const key = parameters.join(",");
    let made = source.compiled.get(key);
    if (made === undefined) {
      made = compile(isCode, source.body, parameters);
      if (source.compiled.size > 16) source.compiled.clear();
      source.compiled.set(key, made);
    }
    alters = source.alters;
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
    if (isError(error)) return `${error.name}: ${error.message}`;
    if (error === null || typeof error !== "object") return String(error);
    return typeof error.message === "string" ? error.message : String(stringify(error));
  };

  const failure = (error) => {
    try {
      const problem = told(error).slice(0, 1000);
      if (problem === "null" || problem.startsWith("InternalError: out of memory")) return { kind: "memory" };
      if (problem === "RangeError: Maximum call stack size exceeded") return { kind: "stack" };
      return { kind: "thrown", problem, line: isError(error) ? line(error) : null };
    } catch {
      return { kind: "thrown", problem: "an error that cannot be shown", line: null };
    }
  };

  // ---- One request: `{"v": variables, "e": [[source, into], …]}` or `{"v": variables, "c": code}`, as JSON text.
  let at = 0;
  const perform = (text) => {
    const { v: variables, e: expressions, c: code } = parse(text);
    const isCode = code !== undefined;
    const answers = [];
    for (const [source, into] of isCode ? [[code, null]] : expressions) {
      const value = valueOf(source, isCode, variables);
      if (value instanceof Promise) return { kind: "promise" };
      const json = stringify(value) ?? "null";
      answers.push(json);
      if (into !== null) store(variables, into, parse(json));
      at += 1;
    }
    return answers;
  };

  return (text) => {
    if (text === undefined) return at; // which of the expressions was cut off
    at = 0;
    let found;
    try {
      found = perform(text);
    } catch (error) {
      found = failure(error);
    }
    const isClean = clean() && found.kind !== "memory";
    const soiled = isClean ? "" : '"soiled":true,';
    // Joined, not concatenated: QuickJS makes a rope of a long concatenation, which its Python binding cannot take.
    return found.kind === undefined
      ? ["{", soiled, '"values":[', found.join(","), "]}"].join("")
      : ["{", soiled, '"failure":', stringify({ ...found, at }), "}"].join("");
  };
})
