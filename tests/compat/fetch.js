// Asks with Node's fetch, one request after the other; reads a list of requests from standard input and writes the answers.
const { readFileSync } = require("node:fs");

async function main() {
  const answers = [];
  for (const { method, url, headers, body } of JSON.parse(readFileSync(0, "utf8"))) {
    const answer = await fetch(url, { method, headers, body, redirect: "manual" });
    answers.push({ status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() });
  }
  process.stdout.write(JSON.stringify(answers));
}

main().catch((error) => {
  process.stderr.write(String(error.stack));
  process.exitCode = 1;
});
