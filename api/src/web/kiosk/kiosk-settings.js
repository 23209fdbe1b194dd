// What belongs to this device and to no visitor: its home region, contest and paper. Nothing else is written to local storage.
// Invariant: a home set by staff goes before the one in the address, so that it outlives a restart at that address.

const REGION = /^(0|\d{2}|\d{4}|\d{6}|\d{10})$/;
const HOME = "kios-wilayah";
const PAPER = "kios-kertas";
export const PAPERS = [58, 80];

function kept(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function keep(name, value) {
  try {
    if (value === "") localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    // Storage may be closed by policy: then the setting lasts until the address is opened again.
  }
}

/** Whether that is the code of a region, by its looks. */
export function isRegion(code) {
  return REGION.test(code ?? "");
}

/** The home region in the page's address, or null. */
export function addressHome(query = location.search) {
  const code = new URLSearchParams(query).get("wilayah");
  return isRegion(code) ? code : null;
}

/** The home region set on this device, or empty. */
export function deviceHome() {
  const code = kept(HOME);
  return isRegion(code) ? code : "";
}

export function setDeviceHome(code) {
  keep(HOME, code);
}

/** The region that this kiosk shows first. */
export function home() {
  return deviceHome() || addressHome() || "0";
}

export function homeContest(query = location.search) {
  return new URLSearchParams(query).get("contest");
}

/** Width of the paper in millimetres. */
export function paper() {
  return kept(PAPER) === "58" ? 58 : 80;
}

export function setPaper(width) {
  keep(PAPER, String(width));
}
