// A contest, a station and a form that keeps every rule, for the tests beside this file.

import { valuesOf } from "../../../api/src/web/entry/shape.js";

const option = (id, order) => ({ id, name: `PASANGAN ${order}`, order, color: null, party: null });

export const CONTEST = { id: "ppwp", kind: "ppwp", name: "Presiden", photo_required: false, options: [option("100025", 1), option("100026", 2), option("100027", 3)] };
export const STATION = { code: "1101012001003", number: 3, kind: "home", registered: 293, path: [] };

const people = (male, female, total = male + female) => ({ male, female, total });

export const FORM = {
  registered: people(138, 155), turnout: { dpt: people(118, 130), dptb: people(0, 1), dpk: people(2, 2), total: people(120, 133) },
  ballots: { received: 299, used: 253, returned: 0, unused: 46 }, disabled: people(1, 2),
  votes: { 100025: 202, 100026: 38, 100027: 7 }, valid: 247, invalid: 6, total: 253,
};

/** What stands in the boxes, with some of them changed. */
export function boxes(changes = {}) {
  const values = valuesOf(FORM, CONTEST);
  for (const [pointer, number] of Object.entries(changes)) {
    if (number === null) delete values[pointer];
    else values[pointer] = String(number);
  }
  return values;
}
