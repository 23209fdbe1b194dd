// The form as it lies on paper: parts, rows, boxes. A box is named by its JSON pointer into the form.

const COLUMNS = [
  ["male", "L", "laki-laki"],
  ["female", "P", "perempuan"],
  ["total", "J", "jumlah"],
];

function people(pointer, number, label, name, strong = false) {
  const boxes = COLUMNS.map(([key, column, word]) => ({ pointer: `${pointer}/${key}`, column, name: `${name}, ${word}` }));
  return { kind: "people", number, label, name, strong, boxes };
}

function single(pointer, number, label, name, more = {}) {
  return { kind: "single", number, label, name, boxes: [{ pointer, column: "J", name }], ...more };
}

const VOTERS = {
  id: "I",
  title: "Data pemilih dan pengguna hak pilih",
  groups: [
    { title: "A. Data pemilih", rows: [people("/registered", "A", "Jumlah pemilih dalam Daftar Pemilih Tetap (DPT)", "Pemilih DPT")] },
    {
      title: "B. Pengguna hak pilih",
      rows: [
        people("/turnout/dpt", "B.1", "Pengguna hak pilih dalam DPT", "Pengguna DPT"),
        people("/turnout/dptb", "B.2", "Pengguna hak pilih dalam Daftar Pemilih Tambahan (DPTb)", "Pengguna DPTb"),
        people("/turnout/dpk", "B.3", "Pengguna hak pilih dalam Daftar Pemilih Khusus (DPK)", "Pengguna DPK"),
        people("/turnout/total", "B.4", "Jumlah pengguna hak pilih (B.1 + B.2 + B.3)", "Jumlah pengguna hak pilih", true),
      ],
    },
  ],
};

const BALLOTS = {
  id: "II",
  title: "Data penggunaan surat suara",
  groups: [
    {
      title: null,
      rows: [
        single("/ballots/received", "1", "Surat suara diterima, termasuk cadangan 2% dari DPT", "Surat suara diterima"),
        single("/ballots/used", "2", "Surat suara digunakan", "Surat suara digunakan"),
        single("/ballots/returned", "3", "Surat suara dikembalikan (rusak atau keliru coblos)", "Surat suara dikembalikan"),
        single("/ballots/unused", "4", "Surat suara tidak digunakan, termasuk sisa cadangan", "Surat suara tidak digunakan"),
      ],
    },
  ],
};

const DISABLED = {
  id: "III",
  title: "Data pemilih disabilitas",
  groups: [{ title: null, rows: [people("/disabled", "", "Pemilih disabilitas yang menggunakan hak pilih", "Pemilih disabilitas")] }],
};

const SUMS = {
  id: "V",
  title: "Data suara sah dan suara tidak sah",
  groups: [
    {
      title: null,
      rows: [
        single("/valid", "A", "Jumlah seluruh suara sah", "Suara sah"),
        single("/invalid", "B", "Jumlah suara tidak sah", "Suara tidak sah"),
        single("/total", "C", "Jumlah suara sah dan tidak sah (A + B)", "Jumlah suara", { strong: true }),
      ],
    },
  ],
};

function escaped(id) {
  return id.replaceAll("~", "~0").replaceAll("/", "~1");
}

function optionRow(option) {
  return single(`/votes/${escaped(option.id)}`, String(option.order), option.name, `Suara nomor ${option.order} ${option.name}`, {
    option: option.id,
    party: option.party,
  });
}

/** Options with one party each, many to a party, are legislators: they stand below their party's name. */
function votes(contest) {
  const rows = contest.options.map(optionRow);
  const parties = new Set(contest.options.map((option) => option.party).filter(Boolean));
  const grouped = parties.size > 0 && parties.size < rows.length;
  const groups = grouped
    ? [...new Set(rows.map((row) => row.party ?? ""))].map((party) => ({ title: party || null, rows: rows.filter((row) => (row.party ?? "") === party) }))
    : [{ title: null, rows }];
  return { id: "IV", title: "Data rincian perolehan suara", groups, parties: grouped };
}

/** All parts of a contest's form, in the order of the paper. */
export function partsOf(contest) {
  return [VOTERS, BALLOTS, DISABLED, votes(contest), SUMS];
}

/** All boxes, in the order of the paper. */
export function boxesOf(contest) {
  return partsOf(contest).flatMap((part) => part.groups.flatMap((group) => group.rows.flatMap((row) => row.boxes)));
}

/** Pointers of the votes. */
export function votePointers(contest) {
  return contest.options.map((option) => `/votes/${escaped(option.id)}`);
}

/** The largest number a box holds: the paper has as many boxes for digits as the kind of station needs. */
export function countMax(station) {
  const kind = station.kind ?? (station.code.startsWith("99") ? "pos" : "home");
  if (kind === "pos") return 99999;
  return kind === "ksk" || kind === "tpsln" ? 9999 : 999;
}

/** Reads text typed into boxes: an integer, or null where a box is empty. */
export function numberAt(values, pointer) {
  const text = values[pointer];
  return text === undefined || text === "" ? null : Number(text);
}

/** The form on the wire from what stands in the boxes; only for boxes that are all filled. */
export function formOf(values, contest) {
  const at = (pointer) => numberAt(values, pointer);
  const row = (pointer) => ({ male: at(`${pointer}/male`), female: at(`${pointer}/female`), total: at(`${pointer}/total`) });
  return {
    registered: row("/registered"),
    turnout: { dpt: row("/turnout/dpt"), dptb: row("/turnout/dptb"), dpk: row("/turnout/dpk"), total: row("/turnout/total") },
    ballots: { received: at("/ballots/received"), used: at("/ballots/used"), returned: at("/ballots/returned"), unused: at("/ballots/unused") },
    disabled: row("/disabled"),
    votes: Object.fromEntries(contest.options.map((option) => [option.id, at(`/votes/${escaped(option.id)}`)])),
    valid: at("/valid"),
    invalid: at("/invalid"),
    total: at("/total"),
  };
}

/** What stands in the boxes of a form from the wire; parts that are null leave their boxes empty. */
export function valuesOf(form, contest) {
  const values = {};
  for (const { pointer } of boxesOf(contest)) {
    const keys = pointer.split("/").slice(1).map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
    const number = keys.reduce((part, key) => part?.[key], form);
    if (Number.isInteger(number)) values[pointer] = String(number);
  }
  return values;
}
