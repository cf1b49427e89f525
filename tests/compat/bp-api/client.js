// A client written for Bpium: all that `test_bp_api.py` looks at. Prints one JSON object of what each step answered.
const BP = require("bp-api").default ?? require("bp-api").BP;

const [host, login, password] = process.argv.slice(2);
const out = {};

async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    return { status: error.response?.status, code: error.response?.data?.code, message: error.response?.data?.message };
  }
  return null;
}

async function main() {
  const bp = new BP(host, login, password, "http");

  const section = await bp.postSection({ name: "bp-api", icon: "users-10" });
  out.section = await bp.getSection(section.id);
  await bp.patchSection(section.id, { name: "bp-api, renamed" });
  out.cookie = bp.sidCookie;

  const towns = await bp.postCatalog({
    name: "Towns", icon: "content-8", sectionId: section.id, fields: [{ name: "Name", type: "text", config: { type: "text" } }],
  });
  const catalog = await bp.postCatalog({
    name: "Clients", icon: "users-10", sectionId: section.id, fields: [
      { name: "Name", hint: "Who", type: "text", config: { type: "text" } },
      { name: "Number", type: "number", config: {} },
      { name: "Status", type: "dropdown", config: { items: [{ name: "New" }, { name: "Old" }] } },
      { name: "Town", type: "object", config: { multiselect: false, catalogs: [{ id: towns.id }] } },
      { name: "Day", type: "date", config: { time: true } },
    ],
  });
  out.catalogId = catalog.id;
  await bp.patchCatalog(catalog.id, { name: "Clients, renamed" });
  out.catalog = await bp.getCatalog(catalog.id);
  out.catalogIds = (await bp.getCatalog()).map((item) => item.id);

  const town = await bp.postRecord(towns.id, { 1: "Omsk" });
  const ids = [];
  for (let number = 1; number <= 7; number += 1) {
    const created = await bp.postRecord(catalog.id, {
      1: `Client ${number}`, 2: number, 3: [number % 2 ? "1" : "2"],
      4: number === 7 ? [{ catalogId: towns.id, recordId: town.id }] : [], 5: `2026-01-0${number}T10:00:00.000Z`,
    });
    ids.push(created.id);
  }
  out.ids = ids;
  await bp.patchRecord(catalog.id, ids[0], { 2: 100 });
  out.patched = await bp.getRecordById(catalog.id, ids[0]);
  out.someFields = await bp.getRecordById(catalog.id, ids[6], { fields: ["2", { fieldId: 4, fields: { [towns.id]: [1] } }] });

  const found = async (params) => (await bp.getRecords(catalog.id, params)).map((record) => ids.indexOf(record.id) + 1);
  out.byText = await found({ filters: [{ fieldId: "1", value: "client 3" }] });
  out.byRange = await found({ filters: [{ fieldId: "2", value: { at: 3, to: 5 } }], sortField: 2, sortType: 1 });
  out.byItems = await found({ filters: [{ fieldId: "3", value: ["2"] }, { fieldId: "2", value: { to: 4 } }] });
  out.byNoItems = await found({ filters: [{ fieldId: "3", value: [] }, { fieldId: "2", value: { at: 7 } }] });
  out.byLink = await found({ filters: [{ fieldId: "4", value: [{ catalogId: towns.id, recordId: town.id }] }] });
  out.byDate = await found({ filters: [{ fieldId: "5", value: { at: "2026-01-02", to: "2026-01-03" } }], timezoneOffset: 180 });
  out.byOr = await found({ filters: { $or: [{ 1: "client 2" }, { 2: { at: 6, to: 7 } }] }, sortField: "2" });
  out.byAnd = await found({ filters: { $and: [{ 3: { $or: [["1"], ["2"]] } }, { 2: { at: 50 } }] } });
  out.byObject = await found({ filters: { 1: "client", 2: { at: 6 } }, sortField: "2", sortType: -1 });
  out.bySearch = await found({ searchText: "CLIENT 5" });
  out.byIds = await found({ id: [ids[1], ids[2]] });
  out.page = await found({ limit: 2, offset: 1, sortField: "2", sortType: 1 });
  out.pages = (await bp.getAllRecords(catalog.id, { limit: 3 })).map((record) => ids.indexOf(record.id) + 1);
  out.atMost = (await bp.getAllRecords(catalog.id, { limit: 2 }, 5)).length;
  out.fieldsOfAll = Object.keys((await bp.getRecords(catalog.id, { fields: ["1", "2"], limit: 1 }))[0].values);

  out.badValue = await refusal(bp.postRecord(catalog.id, { 2: "many" }));
  out.badFilter = await refusal(bp.getRecords(catalog.id, { filters: { 99: "x" } }));
  out.noRecord = await refusal(bp.getRecordById(catalog.id, "999999"));
  out.wrongPassword = await refusal(new BP(host, login, "wrong", "http").getCatalog());

  bp.sidCookie = "connect.sid=expired"; // it signs in again by itself
  out.afterExpiry = (await bp.getCatalog(catalog.id)).id;
  out.newCookie = bp.sidCookie;

  await bp.deleteRecord(catalog.id, ids[0]);
  out.removed = await refusal(bp.getRecordById(catalog.id, ids[0]));
}

main().then(
  () => process.stdout.write(JSON.stringify(out)),
  (error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  },
);
